"""Turn a plan's segments into chunks that can be encoded apart and joined without re-encoding.

A chunk holds at most 8 segments, one that reads a file (black opens none), and at most 60 s: an open file of 1080p costs
about 35 MB until the run ends and an hour of it 5 more, so memory grows neither with the cuts nor much with the hours; and
what a killed job must do again is at most one chunk per worker. Segments longer than that are divided. A
programme of less than 4 min aims at four chunks (of at least 4 s), so that two encoders have even work. Each chunk starts
with a key frame and its group of pictures is closed, so joining copies packets.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ruach_studio.kernel.timebase import FrameRate, round_half_up
from ruach_studio.render.plan import Segment

MAX_SEGMENTS = 8
MAX_CHUNK_S, MIN_CHUNK_S = 60, 4
FEWEST_CHUNKS = 4


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive segments that one encoder writes."""

    index: int
    segments: tuple[Segment, ...]

    @property
    def start_frame(self) -> int:
        """Return the programme frame that is the chunk's first."""
        return self.segments[0].start_frame

    @property
    def end_frame_exclusive(self) -> int:
        """Return the programme frame after the chunk's last."""
        return self.segments[-1].end_frame_exclusive

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Return (frame of the chunk, how many programme frames are left out before it) wherever some are."""
        found, at, before = list[tuple[int, int]](), 0, self.start_frame
        for segment in self.segments:
            if segment.start_frame > before:
                found.append((at, segment.start_frame - before))
            at, before = at + segment.frames, segment.end_frame_exclusive
        return tuple(found)

    @property
    def frames(self) -> int:
        """Return how many frames the chunk must hold."""
        return sum(segment.frames for segment in self.segments)


def chunked(segments: Sequence[Segment], rate: FrameRate, *, opens_files: bool = True) -> tuple[Chunk, ...]:
    """Return `segments` in order as chunks. Without `opens_files` (who draws opens none) files do not count."""
    limit = round_half_up(MAX_CHUNK_S * rate.value)
    total = sum(segment.frames for segment in segments)
    aim = min(limit, max(-(-total // FEWEST_CHUNKS), round_half_up(MIN_CHUNK_S * rate.value)))
    groups: list[list[Segment]] = []
    room = 0
    for segment in _pieces(segments, limit):
        if not groups or segment.frames > room or _is_full(groups[-1], segment, opens_files):
            groups.append([])
            room = aim
        groups[-1].append(segment)
        room -= segment.frames
    return tuple(Chunk(i, tuple(group)) for i, group in enumerate(groups))


def _is_full(group: Sequence[Segment], more: Segment, opens_files: bool) -> bool:
    second = more.clip is not None and any(segment.clip is not None for segment in group)
    return len(group) == MAX_SEGMENTS or (opens_files and second)


def _pieces(segments: Iterable[Segment], limit: int) -> Iterator[Segment]:
    for segment in segments:
        at = segment.start_frame
        while at < segment.end_frame_exclusive:
            end = min(at + limit, segment.end_frame_exclusive)
            yield replace(segment, start_frame=at, end_frame_exclusive=end)
            at = end
