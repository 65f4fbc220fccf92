"""Turn a programme and the stretches left out of it into what is shown, and each frame's number into the other's.

A programme keeps its own time whatever is left out; a film, or a sequence of another program, counts only what it shows.
`shown_frame` never falls as the programme goes on, and gives back every number of a kept frame: for each one
`programme_frame(shown_frame(n)) == n`. A frame that is left out counts as where what follows it begins.

Counterparts: render plans by it, assembly's exports are written and read by it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import inf

Stretch = tuple[int, int]  # frames, the end exclusive


@dataclass(frozen=True, slots=True)
class KeptFrames:
    """What is kept: stretches of programme frames in order, none empty; `first` is each one's first number as shown."""

    stretches: tuple[Stretch, ...]
    first: tuple[int, ...]

    @classmethod
    def of(cls, start_frame: int, end_frame_exclusive: int, left_out: Iterable[Stretch] = ()) -> "KeptFrames":
        """Return what of frames [start, end) is kept; `left_out` may overlap, reach beyond and be in any order."""
        return _kept(start_frame, end_frame_exclusive, tuple(left_out))

    @property
    def frames(self) -> int:
        """Return how many frames are shown."""
        return self.first[-1] + self.stretches[-1][1] - self.stretches[-1][0] if self.stretches else 0

    def shown_frame(self, programme_frame: int) -> int:
        """Return how many shown frames lie before the programme's frame: its number as shown, 0 before, `frames` behind."""
        index = bisect_right(self.stretches, (programme_frame, inf)) - 1
        if index < 0:
            return 0
        low, high = self.stretches[index]
        return self.first[index] + min(programme_frame, high) - low

    def programme_frame(self, shown_frame: int) -> int:
        """Return the programme's number of a shown frame. Raises IndexError outside 0 to `frames`."""
        if not 0 <= shown_frame < self.frames:
            raise IndexError(f"frame {shown_frame} is outside the {self.frames} frames that are shown")
        index = bisect_right(self.first, shown_frame) - 1
        return self.stretches[index][0] + shown_frame - self.first[index]

    def shows(self, programme_frame: int) -> bool:
        """Say whether the programme's frame is shown."""
        return self.span(programme_frame, programme_frame + 1) is not None

    def span(self, start_frame: int, end_frame_exclusive: int) -> Stretch | None:
        """Return where programme frames [start, end) are shown, as one stretch; None if none of them is."""
        low, high = self.shown_frame(start_frame), self.shown_frame(end_frame_exclusive)
        return (low, high) if low < high else None

    def parts(self, start_frame: int, end_frame_exclusive: int) -> Iterator[tuple[int, int, int]]:
        """Yield the kept parts of programme frames [start, end): start, end exclusive, and the start's number as shown."""
        begin = max(bisect_right(self.stretches, start_frame, key=lambda stretch: stretch[0]) - 1, 0)
        for (low, high), first in zip(self.stretches[begin:], self.first[begin:], strict=True):
            if low >= end_frame_exclusive:
                return
            lo, hi = max(low, start_frame), min(high, end_frame_exclusive)
            if lo < hi:
                yield lo, hi, first + lo - low


@lru_cache(maxsize=16)  # asked for cut by cut and frame by frame
def _kept(start_frame: int, end_frame_exclusive: int, left_out: tuple[Stretch, ...]) -> KeptFrames:
    kept, at = list[Stretch](), start_frame
    for low, high in sorted(left_out):
        if high <= low:
            continue
        if low > at and min(low, end_frame_exclusive) > at:
            kept.append((at, min(low, end_frame_exclusive)))
        at = max(at, high)
    if at < end_frame_exclusive:
        kept.append((at, end_frame_exclusive))
    lengths = [high - low for low, high in kept]
    return KeptFrames(tuple(kept), tuple(accumulate(lengths, initial=0))[:-1])
