"""Turn what was said on a recording's own clock into master time and back, so that a corrected sync moves the words too.

`master = offset + local * (1 + ppm)`, over every piece of a recording that jumps. Segments keep the times of the clock they
came with (`of`: camera and clip; None = the master timeline), and an id that stays. Counterpart: `transcript_read.py` reads
files, `transcript_edit.py` changes segments, `transcript.py` tidies what was placed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ruach_studio.assembly.sync_model import ClipKey, Placement
from ruach_studio.assembly.transcript import Segment, Transcript, segment_from_wire, tidy, transcript_to_wire
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.kernel.hashing import inputs_hash

OVERHANG_MS = 1000.0  # by which a cue may outlast its recording: subtitles are held longer than words

Clock = Mapping[ClipKey, Placement]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A segment on the clock of the recording `of`; None = on the master timeline."""

    id: int
    segment: Segment
    of: ClipKey | None = None


@dataclass(frozen=True, slots=True)
class Ranged:
    """Segments within their recording, and the numbers of those that were left out."""

    segments: tuple[Segment, ...]
    left_out: tuple[int, ...]


def within(
    segments: Sequence[Segment], cues: Sequence[int], duration_ms: float | None, *, leave_out: bool, subject: str
) -> Ranged:
    """Return the segments that begin within 0..`duration_ms` and outlast it by a second at most; cut to it.

    Others are left out by number if `leave_out`, else refused. Raises BadTranscript. None = nobody knows the length.
    """
    end_ms = float("inf") if duration_ms is None else duration_ms
    inside: list[Segment] = []
    outside: list[int] = []
    for number, each in zip(cues, segments, strict=True):
        if each.start_ms < 0.0 or each.start_ms >= end_ms or each.end_ms > end_ms + OVERHANG_MS:
            outside.append(number)
        else:
            inside.append(replace(each, end_ms=min(each.end_ms, end_ms)))
    if outside and (not leave_out or not inside):
        what = f"{len(outside)} of {len(segments)} cues lie" if len(outside) > 1 else f"cue {outside[0]} lies"
        raise BadTranscript(
            f"{what} outside the {end_ms / 1000.0:.1f} s of the recording (the first is cue {outside[0]})", subject=subject,
            remedy="Is it the transcript of this recording? Else leave such cues out on purpose.", cues=outside[:20],
        )  # fmt: skip
    return Ranged(tuple(inside), tuple(outside))


def to_master_ms(local_ms: float, placement: Placement) -> float:
    """Return the master time of a recording's own time, in ms to the microsecond."""
    offset_s = placement.offset_s
    for piece in placement.pieces:
        if piece is placement.pieces[0] or piece.from_s * 1000.0 <= local_ms:
            offset_s = piece.offset_s
    return round(offset_s * 1000.0 + local_ms * (1.0 + placement.drift_ppm * 1e-6), 3)


def to_local_ms(master_ms: float, placement: Placement) -> float:
    """Return a recording's own time at a master time, in ms to the microsecond."""
    return round(float(placement.local_s(np.array([master_ms / 1000.0]))[0]) * 1000.0, 3)


def placed(recorded: Sequence[Recorded], clock: Clock) -> tuple[Recorded, ...]:
    """Return the segments in master time, sorted. Raises BadTranscript if a recording has no place on the timeline."""
    moved = [replace(each, segment=_moved(each, clock)) for each in recorded]
    return tuple(sorted(moved, key=lambda each: (each.segment.start_ms, each.segment.end_ms, each.id)))


def on_master(recorded: Sequence[Recorded], clock: Clock, duration_ms: float | None = None) -> Transcript | None:
    """Return the transcript that rules and renders read: placed, tidied, within the programme. None if nothing is in it.

    A recording may begin before the programme and end after it; what is said there is no part of it.
    """
    end_ms = float("inf") if duration_ms is None else duration_ms
    moved = [each.segment for each in placed(recorded, clock)]
    inside = [s for s in moved if s.end_ms > 0.0 and s.start_ms < end_ms]
    if not inside:
        return None
    tidied = tidy(inside).segments
    cut = tuple(replace(s, end_ms=min(s.end_ms, end_ms)) for s in tidied if s.start_ms < end_ms)
    return Transcript(cut) if cut else None


def recorded_to_wire(recorded: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Return the JSON of each segment: the transcript's own form, its id, and `of` where it has a clock of its own."""
    wire: Any = transcript_to_wire(Transcript(tuple(each.segment for each in recorded)))["segments"]
    return [
        {"id": each.id, **raw}
        | ({} if each.of is None else {"of": {"cameraId": each.of[0], "clipIndex": each.of[1]}})
        for each, raw in zip(recorded, wire, strict=True)
    ]  # fmt: skip


def recorded_from_wire(raw: Sequence[Mapping[str, Any]]) -> tuple[Recorded, ...]:
    """Read what `recorded_to_wire` wrote, and what earlier versions stored (no ids, master time)."""
    found: list[Recorded] = []
    for number, each in enumerate(raw, 1):
        of = each.get("of")
        key = None if of is None else (str(of["cameraId"]), int(of["clipIndex"]))
        found.append(Recorded(int(each.get("id", number)), segment_from_wire(each), key))
    return tuple(found)


def sha256_of(recorded: Sequence[Recorded], language: str | None) -> str:
    """Return the hash that names the transcript: over language and segments as stored."""
    return inputs_hash({"language": language, "segments": recorded_to_wire(recorded)})


def locked_wire(transcript: Transcript, *, language: str | None, sha256: str) -> dict[str, Any]:
    """Return the `transcript` of a locked EDL: master time in ms, all that a render needs."""
    segments = []
    for each in transcript.segments:
        one: dict[str, Any] = {"startMs": each.start_ms, "endMs": each.end_ms, "text": each.text}
        if each.speaker is not None:
            one["speaker"] = each.speaker
        if each.words:
            one["words"] = [{"startMs": w.start_ms, "endMs": w.end_ms, "text": w.text} for w in each.words]
        segments.append(one)
    return {"language": language, "sha256": sha256, "segments": segments}


def _moved(each: Recorded, clock: Clock) -> Segment:
    if each.of is None:
        return each.segment
    place = clock.get(each.of)
    if place is None:
        raise BadTranscript(
            "it has no place on the timeline yet", subject=f"{each.of[0]}, clip {each.of[1] + 1}",
            remedy="Sync the session first.",
        )  # fmt: skip
    words = tuple(
        replace(word, start_ms=to_master_ms(word.start_ms, place), end_ms=to_master_ms(word.end_ms, place))
        for word in each.segment.words
    )
    start_ms, end_ms = to_master_ms(each.segment.start_ms, place), to_master_ms(each.segment.end_ms, place)
    return replace(each.segment, start_ms=start_ms, end_ms=max(end_ms, start_ms + 1.0), words=words)
