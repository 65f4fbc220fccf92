"""Turn a CanonicalEDL into a list of what is wrong with it (errors) and what an operator should look at (warnings).

Errors: schema version, empty program, duplicate id, negative start, end not after start, past the duration, overlap,
gap, camera unknown or without picture, no sources, an offset that is no number, a drift beyond 10 %, a clip without
length, pieces of a clip out of order or outside it, missing asset id, a master that is no source or has no picture,
programme sound that is no source, chapter out of range or untitled, short out of range, a J- or L-cut whose sound passes
outside its two cuts or over 2 s away, an omitted stretch out of range or out of order, everything left out.

Warnings: a cut under 2 s (said apart where a locked neighbour is why) or over 1.5 x the maximum shot (15 s unless set), a
camera that does not record for the whole cut, a sound that begins before the neighbour's picture, an unused camera, more
than 15 cuts per minute, chapters out of order, stretches that renders and exports leave out, with their seconds, a cut
of which they leave less than half a second. A gap,
which other tools only warn of beyond 1 s, is an error here: the programme is gap-free.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edl_model import SCHEMA_VERSION, CanonicalEDL, ClipSource, Cut, covered_ms
from ruach_studio.kernel.timebase import clock_text

SHORT_CUT_S = 2.0
MAX_SHOT_DEFAULT_S = 15.0
LONG_CUT_FACTOR = 1.5
FLASH_S = Fraction(1, 2)
CUTS_PER_MINUTE_MAX = 15.0
PICTURE_OFFSET_MAX_S = 2  # beyond this a J- or L-cut is a wrong camera
DRIFT_MAX_PPM = 100_000.0  # film shown at 25 instead of 24 frames is 41 700; -1 000 000 would be no time at all


@dataclass(frozen=True, slots=True)
class EdlIssue:
    """One finding: a stable code, a sentence for a person, and the cut it is about, if it is about one."""

    code: str
    message: str
    cut_id: str | None = None


@dataclass(frozen=True, slots=True)
class EdlReport:
    """All findings; an EDL with an error can neither be saved nor locked."""

    errors: tuple[EdlIssue, ...]
    warnings: tuple[EdlIssue, ...]

    @property
    def ok(self) -> bool:
        """Say whether there is no error."""
        return not self.errors


def validate_edl(edl: CanonicalEDL) -> EdlReport:
    """Return every error and warning of `edl`, in the order of the programme."""
    errors = (
        *_header_errors(edl), *_cut_errors(edl), *_order_errors(edl), *_sound_errors(edl), *_chapter_errors(edl),
        *_stretch_errors(edl),
    )  # fmt: skip
    return EdlReport(errors, tuple(_warnings(edl)))


def _header_errors(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    if edl.schema_version != SCHEMA_VERSION:
        yield EdlIssue("schema-version", f"schema {edl.schema_version} is not {SCHEMA_VERSION}")
    if not edl.program:
        yield EdlIssue("empty-program", "the programme has no cut")
    if not edl.sources:
        yield EdlIssue("no-sources", "the EDL has no source")
    for name, source in edl.sources.items():
        if not source.asset_id:
            yield EdlIssue("missing-asset-id", f"{named(name)} has no asset id")
        offsets = [source.offset_ms, source.drift_ppm, *(v for c in source.clips for v in (c.offset_ms, c.drift_ppm))]
        if not all(math.isfinite(offset) for offset in offsets):
            yield EdlIssue("offset-not-a-number", f"{named(name)} has an offset or a drift that is no number")
        elif any(abs(drift) > DRIFT_MAX_PPM for drift in (source.drift_ppm, *(c.drift_ppm for c in source.clips))):
            yield EdlIssue(
                "drift-range", f"{named(name)} has a drift of more than {DRIFT_MAX_PPM:g} ppm, which no clock has"
            )
        if not all(0 < clip.duration_ms < math.inf for clip in source.clips):
            yield EdlIssue("clip-length", f"{named(name)} has a clip without length")
        if not all(_in_order(clip) for clip in source.clips):
            yield EdlIssue("clip-pieces", f"{named(name)} has a clip whose pieces are out of order or outside it")
        if not source.clips:
            yield EdlIssue("no-clips", f"{named(name)} has no clip")
    if edl.sources and edl.master_camera not in edl.sources:
        yield EdlIssue("unknown-master", f"the master {named(edl.master_camera)} is not among the sources")
    elif edl.sources and not any(clip.fps for clip in edl.sources[edl.master_camera].clips):
        yield EdlIssue("master-no-picture", f"the master {named(edl.master_camera)} has no picture")
    if edl.programme_audio and edl.programme_audio not in edl.sources:
        yield EdlIssue("unknown-audio", f"the programme's sound is {named(edl.programme_audio)}, which is no source")


def _in_order(clip: ClipSource) -> bool:
    starts = [piece.from_ms for piece in clip.pieces]
    numbers = all(math.isfinite(value) for piece in clip.pieces for value in (piece.from_ms, piece.offset_ms))
    return not starts or (numbers and starts[0] == 0 and starts == sorted(set(starts)) and starts[-1] < clip.duration_ms)


def _cut_errors(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    for cut_id, count in Counter(cut.id for cut in edl.program).items():
        if count > 1:
            yield EdlIssue("duplicate-id", f"{count} cuts have the id {cut_id}", cut_id)
    for cut in edl.program:
        if cut.start_frame < 0:
            yield EdlIssue("negative-start", f"a cut starts before the programme (frame {cut.start_frame})", cut.id)
        if cut.end_frame_exclusive <= cut.start_frame:
            yield EdlIssue("end-before-start", f"{_the(edl, cut)} ends where it starts or before", cut.id)
        if cut.end_frame_exclusive > edl.duration_frames:
            yield EdlIssue("past-duration", f"{_the(edl, cut)} ends after the programme", cut.id)
        if cut.camera not in edl.sources:
            yield EdlIssue(
                "unknown-camera",
                f"{_the(edl, cut)} shows {named(cut.camera)}, which is no source",
                cut.id,
            )
        elif not edl.can_show(cut.camera):
            yield EdlIssue(
                "no-picture",
                f"{_the(edl, cut)} shows {named(cut.camera)}, which is an audio track",
                cut.id,
            )
        if not 0.0 <= cut.confidence <= 1.0:
            yield EdlIssue("confidence-range", f"{_the(edl, cut)} has the confidence {cut.confidence}", cut.id)


def _order_errors(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    if not edl.program:
        return
    for before, after in pairwise(edl.program):
        if after.start_frame < before.end_frame_exclusive:
            yield EdlIssue("overlap", f"the cut at {_at(edl, after.start_frame)} starts before the last one ends", after.id)
        if after.start_frame > before.end_frame_exclusive:
            gap = after.start_frame - before.end_frame_exclusive
            yield EdlIssue("gap", f"{gap} frames before the cut at {_at(edl, after.start_frame)} show nothing", after.id)
    first, last = edl.program[0], edl.program[-1]
    if first.start_frame > 0:
        yield EdlIssue("gap", f"the first {first.start_frame} frames show nothing", first.id)
    if last.end_frame_exclusive < edl.duration_frames:
        yield EdlIssue("gap", f"the last {edl.duration_frames - last.end_frame_exclusive} frames show nothing", last.id)


def _sound_errors(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    if edl.program and edl.program[0].picture_offset_frames:
        yield EdlIssue("picture-offset", "the first cut has no sound before it to lead or lag", edl.program[0].id)
    most = PICTURE_OFFSET_MAX_S * edl.fps.value
    for cut in edl.program:
        offset = cut.picture_offset_frames
        if offset and not (0 <= cut.sound_frame < cut.end_frame_exclusive and abs(offset) <= most):
            told = f"the picture at {_at(edl, cut.start_frame)} is {offset:+d} frames off its sound"
            yield EdlIssue("picture-offset", f"{told}; {float(most):g} at most, within the cut", cut.id)


def _stretch_errors(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    for number, short in enumerate(edl.shorts, 1):
        start, end = short.get("startMs"), short.get("endMs")
        if not (isinstance(start, int | float) and isinstance(end, int | float) and 0 <= start < end <= edl.duration_ms):
            yield EdlIssue("short-range", f"short {number} lies outside the programme or is empty ({start} to {end})")
    last = gone = 0
    for number, stretch in enumerate(edl.omitted, 1):
        start, end = stretch.get("startFrame"), stretch.get("endFrameExclusive")
        if not (isinstance(start, int) and isinstance(end, int) and last <= start < end <= edl.duration_frames):
            yield EdlIssue("omitted-range", f"omitted stretch {number} is out of range or order ({start} to {end})")
        else:
            last, gone = end, gone + end - start
    if 0 < edl.duration_frames == gone:
        yield EdlIssue("all-omitted", "every frame of the programme is left out")


def _chapter_errors(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    for number, chapter in enumerate(edl.chapters, 1):
        start = chapter.get("startMs")
        if not isinstance(start, int | float) or not 0 <= start < edl.duration_ms:
            yield EdlIssue("chapter-range", f"chapter {number} starts outside the programme ({start})")
        if not str(chapter.get("title") or "").strip():
            yield EdlIssue("chapter-untitled", f"chapter {number} has no title")


def _warnings(edl: CanonicalEDL) -> Iterator[EdlIssue]:
    rate, rate_f = edl.fps.value, float(edl.fps.value)
    frame_ms = 1000.0 / rate_f
    shortest, kept = int(SHORT_CUT_S * rate), edl.kept
    maximum = edl.options.get("maxShotLengthMs")
    max_s = float(maximum) / 1000.0 if isinstance(maximum, int | float) and maximum > 0 else MAX_SHOT_DEFAULT_S
    placed = {
        name: [each for clip in source.clips for each in clip.placed]
        for name, source in edl.sources.items() if edl.can_show(name)
    }  # fmt: skip
    edge, edge_ms, edge_shown = 0, 0.0, 0  # where the last cut ended: as a rule where the next one starts
    for i, cut in enumerate(edl.program):
        start, start_ms, start_shown = edge, edge_ms, edge_shown
        if cut.start_frame != start:
            start_ms, start_shown = edl.fps.milliseconds(cut.start_frame), kept.shown_frame(cut.start_frame)
        edge = cut.end_frame_exclusive
        edge_ms, edge_shown = edl.fps.milliseconds(edge), kept.shown_frame(edge)
        frames = cut.frames
        length_s = frames / rate_f
        if 0 < frames < shortest:
            squeezed = not cut.locked and any(other.locked for other in edl.program[max(i - 1, 0) : i + 2])
            why = "a locked cut beside it leaves no more" if squeezed else "2 s wanted"
            code = "short-beside-lock" if squeezed else "short-cut"
            yield EdlIssue(code, f"{_the(edl, cut)} lasts {length_s:.2f} s ({why})", cut.id)
        shown = edge_shown - start_shown
        if 0 < shown < frames and shown < FLASH_S * rate:
            yield EdlIssue("flash", f"of {_the(edl, cut)} {shown} frames are shown, the rest is left out", cut.id)
        if length_s > LONG_CUT_FACTOR * max_s:
            yield EdlIssue("long-cut", f"{_the(edl, cut)} lasts {length_s:.1f} s ({max_s:g} s is the aim)", cut.id)
        if cut.camera in placed:
            missing = edge_ms - start_ms - covered_ms(placed[cut.camera], start_ms, edge_ms)
            if missing > frame_ms:
                yield EdlIssue(
                    "not-recording",
                    f"{named(cut.camera)} does not record for {missing:.0f} ms in {_the(edl, cut)}",
                    cut.id,
                )
    for before, cut in pairwise(edl.program):
        if cut.picture_offset_frames and cut.sound_frame <= before.start_frame:
            told = f"the sound of {_the(edl, cut)} begins before the cut before it is seen"
            yield EdlIssue("sound-before-neighbour", told, cut.id)
    used = {cut.camera for cut in edl.program}
    for name in edl.sources:
        if edl.can_show(name) and name not in used:
            yield EdlIssue("unused-camera", f"{named(name)} is never shown")
    minutes = edl.duration_ms / 60_000.0
    if minutes > 0 and len(edl.program) > 1 and len(edl.program) / minutes > CUTS_PER_MINUTE_MAX:
        yield EdlIssue("busy", f"{len(edl.program) / minutes:.1f} cuts per minute (15 at most are wanted)")
    starts = [float(s) for c in edl.chapters if isinstance(s := c.get("startMs"), int | float)]
    if starts != sorted(starts):
        yield EdlIssue("chapter-order", "the chapters are out of order")
    if edl.omitted:
        seconds = float(edl.omitted_frames / rate)
        told = f"{len(edl.omitted)} stretches ({seconds:.1f} s of {edl.duration_ms / 1000:.1f} s)"
        yield EdlIssue(
            "left-out", f"{told} fall out of renders and exports; show them again in the review where that is wrong"
        )


def _the(edl: CanonicalEDL, cut: Cut) -> str:
    return f"the cut at {_at(edl, cut.start_frame)}"


def _at(edl: CanonicalEDL, frame: int) -> str:
    return clock_text(round(float(edl.fps.seconds(max(frame, 0))), 1))
