"""Turn the wire form of a locked EDL into typed values, or say which field is wrong.

Render knows the EDL only by its wire form (it may not import assembly). Times become exact fractions on the way in, so
that no later step rounds: 40.003 ms is 40003/1000000 s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from ruach_studio.kernel.errors import BadInput, Conflict
from ruach_studio.kernel.ids import checked_name
from ruach_studio.kernel.timebase import FrameRate, round_half_up
from ruach_studio.render.plan.spoken import SpokenTranscript, read_transcript

T = TypeVar("T")
_MISSING = object()


class EdlUnreadable(BadInput):
    """The EDL lacks something that a render needs."""

    code = "edl_unreadable"


class EdlNotLocked(Conflict):
    """Only a locked EDL can be rendered."""

    code = "edl_not_locked"


@dataclass(frozen=True, slots=True)
class ClipRef:
    """One media file of a camera and where it lies: master_s = offset_s + local_s * (1 + drift_ppm * 1e-6).

    `local_s` counts from the file's own start; the first picture stands at `start_s` of it. `rate` is None for audio only.
    """

    path: str
    offset_s: Fraction
    drift_ppm: Fraction
    start_s: Fraction
    duration_s: Fraction
    rate: FrameRate | None
    has_audio: bool

    @property
    def stretch(self) -> Fraction:
        """Return seconds of master time per second of the file."""
        return 1 + self.drift_ppm / 1_000_000

    @property
    def frames(self) -> int:
        """Return how many pictures the file holds by its duration and rate; 0 for audio only."""
        return 0 if self.rate is None else round_half_up(self.duration_s * self.rate.value)


@dataclass(frozen=True, slots=True)
class Source:
    """A camera or an audio recorder of the session: its clips in order of time."""

    name: str
    role: str
    clips: tuple[ClipRef, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """One shot of the programme in whole frames, with what the decision said about it."""

    start_frame: int
    end_frame_exclusive: int
    camera: str
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True)
class MarkedShort:
    """A stretch that the operator marked for the short."""

    start_frame: int
    end_frame_exclusive: int
    title: str


@dataclass(frozen=True, slots=True)
class LockedEdl:
    """What a render reads of a locked EDL."""

    session_id: str
    version: int
    master: str
    rate: FrameRate
    frames: int
    cuts: tuple[Cut, ...]
    shorts: tuple[MarkedShort, ...]
    sources: Mapping[str, Source]
    programme_audio: tuple[str, ...]
    transcript: SpokenTranscript | None = None


def read_edl(wire: Mapping[str, object]) -> LockedEdl:
    """Read the wire form. Raises EdlNotLocked, EdlUnreadable or TranscriptUnreadable naming the field."""
    if _get(wire, "schemaVersion", str) != "1.0":
        raise EdlUnreadable(f"schema version {wire.get('schemaVersion')!r} is not 1.0", subject="schemaVersion")
    status = _get(wire, "status", str)
    session = checked_name(_get(wire, "sessionId", str), field="sessionId")
    if status != "locked":
        raise EdlNotLocked(
            f"it is {status!r}", subject=f"EDL of session {session}", remedy="Approve and lock it, then render."
        )
    rate = _rate(_get(wire, "fps", str), "fps")
    frames = _get(wire, "durationFrames", int)
    tracks = _object(wire.get("tracks"), "tracks")
    sources = {name: _source(name, raw) for name, raw in _object(wire.get("sources"), "sources").items()}
    cuts = tuple(_cut(raw, f"tracks.program[{i}]") for i, raw in enumerate(_list(tracks, "program", "tracks.")))
    _check_programme(cuts, frames, sources)
    shorts = tuple(_short(raw, rate, frames, i) for i, raw in enumerate(_list(tracks, "shorts", "tracks.", optional=True)))
    audio = _object(wire.get("audio") or {}, "audio")
    wanted = [audio.get("programme"), *_list(audio, "fallback", "audio.", optional=True), _get(wire, "masterCamera", str)]
    order = tuple(dict.fromkeys(name for name in wanted if isinstance(name, str) and name in sources))
    return LockedEdl(
        session, _get(wire, "version", int), _get(wire, "masterCamera", str), rate, frames, cuts, shorts, sources, order,
        read_transcript(wire.get("transcript")),
    )  # fmt: skip


def _check_programme(cuts: tuple[Cut, ...], frames: int, sources: Mapping[str, Source]) -> None:
    expected = 0
    for i, cut in enumerate(cuts):
        where = f"tracks.program[{i}]"
        if cut.start_frame != expected or cut.end_frame_exclusive <= cut.start_frame:
            fact = f"frames {cut.start_frame}..{cut.end_frame_exclusive} do not continue at frame {expected}"
            raise EdlUnreadable(fact, subject=where)
        if cut.camera not in sources:
            raise EdlUnreadable(f"camera {cut.camera!r} is not among the sources", subject=where)
        expected = cut.end_frame_exclusive
    if expected != frames or frames <= 0:
        raise EdlUnreadable(f"the cuts end at frame {expected}, the programme at {frames}", subject="tracks.program")


def _source(name: str, value: object) -> Source:
    field = f"sources.{name}."
    raw = _object(value, field)
    clips = tuple(_clip(clip, f"{field}clips[{i}].") for i, clip in enumerate(_list(raw, "clips", field)))
    return Source(name, str(raw.get("role", "camera")), tuple(sorted(clips, key=lambda clip: (clip.offset_s, clip.path))))


def _clip(value: object, field: str) -> ClipRef:
    raw = _object(value, field)
    fps = raw.get("fps")
    return ClipRef(
        path=_get(raw, "path", str, field),
        offset_s=_number(raw, "offsetMs", field) / 1000,
        drift_ppm=_number(raw, "driftPpm", field, default=0),
        start_s=_number(raw, "startMs", field, default=0) / 1000,
        duration_s=_number(raw, "durationMs", field) / 1000,
        rate=None if fps is None else _rate(str(fps), field + "fps"),
        has_audio=bool(raw.get("hasAudio", True)),
    )


def _cut(value: object, field: str) -> Cut:
    raw = _object(value, field)
    return Cut(
        _get(raw, "startFrame", int, field + "."),
        _get(raw, "endFrameExclusive", int, field + "."),
        _get(raw, "camera", str, field + "."),
        str(raw.get("reason", "")),
        float(_number(raw, "confidence", field + ".", default=0)),
    )


def _short(value: object, rate: FrameRate, frames: int, index: int) -> MarkedShort:
    field = f"tracks.shorts[{index}]."
    raw = _object(value, field)
    start = rate.frame_at_ms(_number(raw, "startMs", field))
    end = min(rate.frame_at_ms(_number(raw, "endMs", field)), frames)
    if not 0 <= start < end:
        raise EdlUnreadable("it lies outside the programme or is empty", subject=field.rstrip("."))
    return MarkedShort(start, end, str(raw.get("title", "")))


def _number(raw: Mapping[str, object], key: str, field: str, default: int | None = None) -> Fraction:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise EdlUnreadable(f"{value!r} is not a number", subject=field + key)
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise EdlUnreadable(f"{value!r} is not a finite number", subject=field + key) from error


def _rate(text: str, field: str) -> FrameRate:
    try:
        return FrameRate.parse(text)
    except (ValueError, ZeroDivisionError) as error:
        raise EdlUnreadable(f"{text!r} is not a frame rate", subject=field) from error


def _object(value: object, field: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise EdlUnreadable("it is missing or not an object", subject=field.rstrip("."))
    return value


def _list(raw: Mapping[str, object], key: str, field: str, *, optional: bool = False) -> Sequence[object]:
    value = raw.get(key)
    if value is None and optional:
        return ()
    if not isinstance(value, list | tuple):
        raise EdlUnreadable("it is missing or not a list", subject=field + key)
    return value


def _get(raw: Mapping[str, object], key: str, kind: type[T], field: str = "") -> T:
    value = raw.get(key, _MISSING)
    if not isinstance(value, kind) or isinstance(value, bool):
        fact = "it is missing" if value is _MISSING else f"{value!r} is not what belongs here"
        raise EdlUnreadable(fact, subject=field + key, remedy="Save the EDL again from the review.")
    return value
