"""Turn the shots of a programme into segments that each read one file, with every hole filled and said.

A camera may start late, stop early or have a hole between two files. A hole of at most 0.1 s beside the camera's own
picture holds that picture; so does one of at most half a second where a recording jumps within one file (another camera
for a few frames would be a flash). A longer one shows another camera: a wide one first, then the master, then the rest by
name. Where nobody recorded, the picture is black. Each of these is a note on the plan; none happens in silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ruach_studio.kernel.timebase import FrameRate, clock_text, round_half_up
from ruach_studio.render.plan.mapping import covered, own_frames, source_frame
from ruach_studio.render.plan.wire import ClipRef, LockedEdl, Source

HOLD_S = Fraction(1, 10)
HOLD_IN_FILE_S = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Segment:
    """Programme frames [start, end) shown from one clip; `clip` None is black. `asked` is the camera that the EDL names.

    `subject_x`: where the subject stands in the picture as it is seen, 0 (left) to 1 (right); a crop is centred there as
    far as the picture reaches.
    """

    start_frame: int
    end_frame_exclusive: int
    asked: str
    camera: str | None
    clip: ClipRef | None
    subject_x: Fraction = Fraction(1, 2)

    @property
    def frames(self) -> int:
        """Return how many programme frames the segment lasts."""
        return self.end_frame_exclusive - self.start_frame

    def source_frame_at(self, rate: FrameRate, frame: int) -> int | None:
        """Return the source frame on screen at programme frame `frame` (held at the clip's ends), None for black."""
        if self.clip is None:
            return None
        first, end = own_frames(self.clip)
        return min(max(source_frame(self.clip, rate, frame), first), max(end - 1, first))


def cover(edl: LockedEdl, start_frame: int, end_frame_exclusive: int) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """Return gap-free segments for programme frames [start, end), and a note wherever the EDL's camera had none."""
    segments: list[Segment] = []
    for cut in edl.cuts:
        start, end = max(cut.start_frame, start_frame), min(cut.end_frame_exclusive, end_frame_exclusive)
        if start < end:
            order = [edl.sources[cut.camera], *_others(edl, cut.camera)]
            segments.extend(_fill(edl.rate, start, end, cut.camera, order))
    return tuple(segments), tuple(_notes(edl.rate, segments))


def _others(edl: LockedEdl, camera: str) -> list[Source]:
    def rank(source: Source) -> tuple[bool, bool, str]:
        return source.role != "wide", source.name != edl.master, source.name

    return sorted((s for s in edl.sources.values() if s.name != camera and s.role != "audio"), key=rank)


def _fill(rate: FrameRate, start: int, end: int, asked: str, order: Sequence[Source]) -> Iterator[Segment]:
    """Yield segments for [start, end): the first source where it has pictures, the next ones in its holes."""
    if not order:
        yield Segment(start, end, asked, None, None)
        return
    source, rest = order[0], order[1:]
    limits = round_half_up(HOLD_S * rate.value), round_half_up(HOLD_IN_FILE_S * rate.value)
    own = _held(_own(rate, start, end, asked, source), start, end, limits)
    at = start
    for segment in own:
        if segment.start_frame > at:
            yield from _fill(rate, at, segment.start_frame, asked, rest)
        yield segment
        at = segment.end_frame_exclusive
    if at < end:
        yield from _fill(rate, at, end, asked, rest)


def _own(rate: FrameRate, start: int, end: int, asked: str, source: Source) -> list[Segment]:
    """Return what `source` itself can show of [start, end), in order, each frame once (the earlier clip wins)."""
    own: list[Segment] = []
    at = start
    spans = ((covered(clip, rate), clip) for clip in source.clips if clip.rate is not None)
    for (first, last), clip in sorted(spans, key=lambda span: (span[0], span[1].path)):
        lo, hi = max(first, at), min(last, end)
        if lo < hi:
            own.append(Segment(lo, hi, asked, source.name, clip))
            at = hi
    return own


def _held(own: list[Segment], start: int, end: int, limits: tuple[int, int]) -> list[Segment]:
    """Stretch each segment over a hole after it of at most `limits` frames (the second one within a file), the first before.

    A shot that begins or ends inside a hole of a file may be all that is left of it; then it counts as any other hole.
    """
    held: list[Segment] = []
    for i, segment in enumerate(own):
        before = start if i == 0 else held[-1].end_frame_exclusive
        after = own[i + 1] if i + 1 < len(own) else None
        edge = end if after is None else after.start_frame
        limit = limits[after is not None and _same_file(segment, after)]
        lo = before if i == 0 and segment.start_frame - before <= limits[0] else segment.start_frame
        hi = edge if edge - segment.end_frame_exclusive <= limit else segment.end_frame_exclusive
        held.append(replace(segment, start_frame=lo, end_frame_exclusive=hi))
    return held


def _same_file(one: Segment, other: Segment) -> bool:
    if one.clip is None or other.clip is None:
        return False
    return one.clip.piece_s is not None and one.clip.path == other.clip.path


def _notes(rate: FrameRate, segments: Sequence[Segment]) -> Iterator[str]:
    for segment in segments:
        clip, at = segment.clip, clock_text(float(rate.seconds(segment.start_frame)))
        length = f"{float(rate.seconds(segment.frames)):.2f} s"
        if clip is None:
            yield f"black for {length} at {at}: no camera recorded (the EDL asks for {segment.asked})"
            continue
        if segment.camera != segment.asked:
            yield f"camera {segment.camera} instead of {segment.asked} for {length} at {at}: {segment.asked} did not record"
        first, last = covered(clip, rate)
        held = max(first - segment.start_frame, 0) + max(segment.end_frame_exclusive - last, 0)
        if held:
            yield f"camera {segment.camera} holds a picture for {held} frames near {at}: its file has none there"
