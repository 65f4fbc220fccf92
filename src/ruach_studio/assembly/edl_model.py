"""Turn cuts, sources and how they came about into one frozen value: the CanonicalEDL, schema 1.0.

Times: frames of the master's rate, ends exclusive; milliseconds are derived from frames when the EDL is written
(`edl_wire.py`). The programme is gap-free: cuts abut, the first starts at 0, the last ends at `duration_frames`.
Sign: `master = offset + local x (1 + drift_ppm 1e-6)`, so a clip's local time is `(master - offset) / (1 + drift)`. A clip
whose recording jumps has pieces: from each one's local time on, its offset holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from ruach_studio.assembly.angles_shot import HIGH_CONFIDENCE, MEDIUM_CONFIDENCE, Reason
from ruach_studio.assembly.session import Role
from ruach_studio.kernel.kept import KeptFrames
from ruach_studio.kernel.timebase import FrameRate

SCHEMA_VERSION = "1.0"
Status = Literal["draft", "in_review", "approved", "locked"]
Origin = Literal["auto", "operator", "hybrid"]


@dataclass(frozen=True, slots=True)
class Cut:
    """One camera on screen from `start_frame` to `end_frame_exclusive`, why, and how sure (0..1).

    `locked`: an operator fixed camera, times and id; neither an edit nor a re-run may change them.
    `picture_offset_frames`: by how many frames the picture starts after (J-cut, > 0) or before (L-cut, < 0) the moment at
    which the sound passes from one speaker to the next; the programme's sound itself is continuous.
    """

    id: str
    start_frame: int
    end_frame_exclusive: int
    camera: str
    reason: Reason
    confidence: float
    reasons: tuple[str, ...]
    approved: bool = False
    note: str = ""
    locked: bool = False
    picture_offset_frames: int = 0

    @property
    def sound_frame(self) -> int:
        """Return the frame at which the sound passes to this cut's speaker."""
        return self.start_frame - self.picture_offset_frames

    @property
    def frames(self) -> int:
        """Return the cut's length in frames."""
        return self.end_frame_exclusive - self.start_frame

    @property
    def band(self) -> Literal["high", "medium", "low"]:
        """Return the confidence as the operator sees it: high (green) >= 0.8, medium (yellow) >= 0.5, low (red)."""
        if self.confidence >= HIGH_CONFIDENCE:
            return "high"
        return "medium" if self.confidence >= MEDIUM_CONFIDENCE else "low"


@dataclass(frozen=True, slots=True)
class ClipPiece:
    """From local time `from_ms` on the clip lies at `offset_ms`."""

    from_ms: float
    offset_ms: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Master time `start_ms` to `end_ms`, shown by `clip`: one without pieces, which lies where this piece of it does."""

    start_ms: float
    end_ms: float
    clip: "ClipSource"


@dataclass(frozen=True, slots=True)
class ClipSource:
    """One file of a camera and where it lies: milliseconds on the master timeline, drift in parts per million.

    `pieces` where the recording jumps, in order, the first from 0; `offset_ms` is then that of the piece which most of the
    sound agrees with, for readers that know nothing of pieces.
    """

    path: str
    offset_ms: float
    drift_ppm: float
    duration_ms: float
    fps: FrameRate | None
    width: int
    height: int
    has_audio: bool
    start_ms: float
    pieces: tuple[ClipPiece, ...] = ()

    @property
    def begin_ms(self) -> float:
        """Return the master time at which the clip begins."""
        return self.pieces[0].offset_ms if self.pieces else self.offset_ms

    @property
    def end_ms(self) -> float:
        """Return the master time at which the clip ends."""
        offset_ms = self.pieces[-1].offset_ms if self.pieces else self.offset_ms
        return offset_ms + self.duration_ms * (1.0 + self.drift_ppm * 1e-6)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Return the stretches of master time that the clip covers, in order; a clip without pieces covers one.

        A piece ends where the next begins in the file or, where sound was doubled, as soon as a later one begins on the
        master timeline; what is left without length is gone.
        """
        if not self.pieces:
            return (Placed(self.offset_ms, self.end_ms, self),)
        stretch, found = 1.0 + self.drift_ppm * 1e-6, list[Placed]()
        for i, piece in enumerate(self.pieces):
            start = piece.offset_ms + piece.from_ms * stretch
            later = [min(piece.offset_ms, other.offset_ms) + other.from_ms * stretch for other in self.pieces[i + 1 :]]
            end = min([piece.offset_ms + self.duration_ms * stretch, *later])
            if end > start:
                found.append(Placed(start, end, replace(self, offset_ms=piece.offset_ms, pieces=())))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Source:
    """A camera or audio track with all its clips; its own offset and drift are its first clip's."""

    asset_id: str
    role: Role
    offset_ms: float
    drift_ppm: float
    sync_confidence: float
    clips: tuple[ClipSource, ...]
    proxy_url: str | None = None
    mezzanine_url: str | None = None

    def covered_ms(self, start_ms: float, end_ms: float) -> float:
        """Return how many milliseconds of [start, end) on the master timeline this source was recording."""
        return covered_ms([each for clip in self.clips for each in clip.placed], start_ms, end_ms)


def covered_ms(placed: Iterable[Placed], start_ms: float, end_ms: float) -> float:
    """Return how many milliseconds of [start, end) on the master timeline the stretches `placed` cover."""
    found = 0.0
    for each in placed:
        low, high = each.start_ms, each.end_ms
        length = (high if high < end_ms else end_ms) - (low if low > start_ms else start_ms)
        if length > 0.0:
            found += length
    return found


@dataclass(frozen=True, slots=True)
class CanonicalEDL:
    """The whole decision list. `options` is what the ruleset was given, in plain form.

    `omitted` names stretches that renders and exports leave out (startFrame, endFrameExclusive, reason); the programme
    itself stays gap-free in master time, so that every other number keeps its meaning. `kept` counts what is shown.
    `transcript` is what a locked EDL was locked with (wire form, master time); no other has one.
    """

    session_id: str
    master_camera: str
    fps: FrameRate
    duration_frames: int
    program: tuple[Cut, ...]
    sources: Mapping[str, Source]
    rules_version: str
    sync_version: int
    version: int = 1
    status: Status = "draft"
    source: Origin = "auto"
    parent_version: int | None = None
    programme_audio: str | None = None
    fallback_audio: tuple[str, ...] = ()
    overlays: tuple[Mapping[str, object], ...] = ()
    chapters: tuple[Mapping[str, object], ...] = ()
    shorts: tuple[Mapping[str, object], ...] = ()
    omitted: tuple[Mapping[str, object], ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    schema_version: str = SCHEMA_VERSION
    transcript: Mapping[str, object] | None = None

    @property
    def duration_ms(self) -> float:
        """Return the programme's length in milliseconds."""
        return self.fps.milliseconds(self.duration_frames)

    @property
    def kept(self) -> KeptFrames:
        """Return which frames of the programme are shown, and their numbers as shown."""
        pairs = [(each.get("startFrame"), each.get("endFrameExclusive")) for each in self.omitted]
        stretches = [(low, high) for low, high in pairs if isinstance(low, int) and isinstance(high, int)]
        return KeptFrames.of(0, self.duration_frames, stretches)

    @property
    def omitted_frames(self) -> int:
        """Return how many frames are left out."""
        return self.duration_frames - self.kept.frames

    def cut(self, cut_id: str) -> Cut | None:
        """Return the cut with that id, if there is one."""
        return next((cut for cut in self.program if cut.id == cut_id), None)

    def can_show(self, camera: str) -> bool:
        """Say whether `camera` is a source with picture."""
        return camera in self.sources and self.sources[camera].role != "audio"

    def metrics(self) -> dict[str, object]:
        """Return the counts an operator looks at first, in wire names."""
        bands = [cut.band for cut in self.program]
        speakers = [cut.camera for cut in self.program if cut.reason == "speaker"]
        return {
            "cutCount": len(self.program),
            "avgShotLenMs": round(self.duration_ms / len(self.program), 1) if self.program else 0,
            "speakerSwitchCount": sum(a != b for a, b in pairwise(speakers)),
            "confidence": {band: bands.count(band) for band in ("high", "medium", "low")},
        }
