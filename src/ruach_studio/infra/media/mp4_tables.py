"""Turn the sample tables of an MP4's track into numbers, a piece at a time: what is needed at once does not grow with them.

Boxes by ISO/IEC 14496-12: `stsz` sizes of packets, `stts` their durations, `stco` or `co64` places of chunks, `stsc` runs of
chunks with equally many packets. Counterpart: sound_windows.py cuts them; mp4_layout.py shortens them.
"""

from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ruach_studio.infra.media.mp4_boxes import boxes, within

PIECE = 1 << 14  # chunks that are looked at at once
MOST_FACTS = 1 << 20  # bytes of a box that is copied: they have some hundred

Numbers = npt.NDArray[np.int64]


class Uncut(ValueError):
    """The file's tables are not of the plain kind, or do not fit together."""


class Tables:
    """The tables of a track. Raises Uncut, OSError."""

    def __init__(self, file: BinaryIO, track: range) -> None:
        self.file = file
        self.boxes = dict(boxes(file, within(file, track, b"mdia", b"minf", b"stbl")))
        wide = self.boxes.get(b"co64")
        places = self.boxes.get(b"stco") if wide is None else wide
        if places is None or not {b"stsd", b"stts", b"stsc", b"stsz"} <= set(self.boxes):
            raise Uncut("a table is missing")
        self.places, self._place_bytes = places, 4 if wide is None else 8
        same, self.packets = (int(each) for each in self.numbers(self.boxes[b"stsz"], 4, 0, 2))
        if same:
            raise Uncut("packets of one size")
        self.chunks = self.number(self.places)

    def sizes(self, packet: int, number: int) -> Numbers:
        """Return `number` packets' sizes from `packet` on."""
        return self.numbers(self.boxes[b"stsz"], 12, packet, number)

    def places_of(self, chunk: int, number: int) -> Numbers:
        """Return where in the file `number` chunks lie, from `chunk` on."""
        return self.numbers(self.places, 8, chunk, number, self._place_bytes)

    def counts(self, run: int, chunk: int) -> tuple[Numbers, Numbers]:
        """Return the packets of each chunk from `chunk` on, PIECE chunks at most, and the first chunk of each run."""
        table = self.boxes[b"stsc"]
        runs = self.number(table)
        told = self.numbers(table, 8, 3 * run, 3 * min(PIECE + 1, runs - run)).reshape(-1, 3)
        firsts = told[:, 0] - 1
        ends = np.append(firsts[1:], self.chunks if run + len(told) == runs else firsts[-1:])
        if not len(told) or firsts[0] > chunk or not (ends[:-1] > firsts[:-1]).all() or (told[:, 1:] < 1).any():
            raise Uncut("the runs of chunks do not follow each other")
        if (told[:, 2] != 1).any():
            raise Uncut("chunks of another description")
        lengths = np.minimum(ends, chunk + PIECE) - np.maximum(firsts, chunk)
        return np.repeat(told[:, 1], np.maximum(lengths, 0)), firsts

    def durations(self, stretch: int, used: int, number: int) -> tuple[Numbers, int, int]:
        """Return the next `number` packets' durations as (count, ticks), and where the ones behind them begin."""
        table = self.boxes[b"stts"]
        told = self.numbers(table, 8, 2 * stretch, 2 * min(number, self.number(table) - stretch)).reshape(-1, 2)
        if (told < 1).any():
            raise Uncut("a duration is none")
        told[:1, 0] -= used
        ends = told[:, 0].cumsum()
        if not len(told) or ends[-1] < number:
            raise Uncut("durations are missing")
        last = int(ends.searchsorted(number))
        left = int(ends[last]) - number
        told[last, 0] -= left
        if int((told[: last + 1, 0] * told[: last + 1, 1]).sum()) >= 1 << 32:
            raise Uncut("a window of days")
        if not left:
            return told[: last + 1], stretch + last + 1, 0
        return told[: last + 1], stretch + last, int(told[last, 0]) + (0 if last else used)

    def number(self, table: range) -> int:
        """Return how many entries a table says it has."""
        return int(self.numbers(table, 4, 0, 1)[0])

    def numbers(self, table: range, first: int, index: int, count: int, wide: int = 4) -> Numbers:
        """Return `count` numbers of a table from the one at `index` on; its first one lies `first` bytes in."""
        at = table.start + first + index * wide
        if count < 0 or at + count * wide > table.stop:
            raise Uncut("a table is shorter than it says")
        self.file.seek(at)
        read = self.file.read(count * wide)
        if len(read) < count * wide:
            raise Uncut("the file ends within a table")
        return np.frombuffer(read, f">u{wide}").astype(np.int64)

    def bytes_of(self, place: range) -> bytes:
        """Return a small box's content."""
        if not 8 <= len(place) <= MOST_FACTS:
            raise Uncut("a box is missing or too large")
        self.file.seek(place.start)
        return self.file.read(len(place))
