"""Turn a long MP4 or MOV into a list of short ones that share its sound: FFmpeg then holds the index of one of them.

FFmpeg keeps 36 bytes for every packet of a track while a file is open: 28 MB for four hours of AAC, and twice that while
two files are listened to. So the sound's tables are cut into windows of some six minutes. Each is an MP4 of its own: a
movie box with one track and its share of the tables, made here, and behind it the whole file as its media data. A list for
FFmpeg's `concat` reads them one after the other with one decoder, which goes on over their borders as if there were none.

Only what is plain is cut: one track of sound in AAC, one description, an edit list that mp4_layout.py calls plain. Boxes by
ISO/IEC 14496-12. Nothing is left behind by a killed process: the tables lie in files that have no name.

Counterpart: sound_only.py gives FFmpeg the list's name.
"""

import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ruach_studio.infra.media.mp4_layout import boxes, track_kind, within

WINDOW = 1 << 14  # packets, 5.8 minutes of AAC at 48 kHz: 0.6 MB of FFmpeg's index, 0.3 MB of tables here
_CUT_FROM = 4 * WINDOW  # below it FFmpeg's index takes 2 MB
_MICROSECONDS = 1_000_000
_MOST_FACTS = 1 << 20  # bytes of a box that is copied: they have some hundred
_INDEX = b"stsz"  # of a sample size each; other kinds (`stz2`) are not cut
_FD = Path("/proc/self/fd")

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """The tables of one window: packets' sizes, their durations as (count, ticks), chunks' places and packets in each."""

    sizes: Numbers
    durations: Numbers
    places: Numbers
    counts: Numbers


class Uncut(ValueError):
    """The file's tables are not of the plain kind, or do not fit together."""


@contextmanager
def window_list(path: Path | str) -> Iterator[str | None]:
    """Yield the name of a list for FFmpeg's demuxer `concat` (`safe=0`), good inside the block; None: read it as ever.

    The list holds no edit list: the caller leaves the encoder's delay out. It needs the protocols file, concat, subfile.
    """
    with tempfile.TemporaryFile() as heads, tempfile.TemporaryFile() as script:
        try:
            with Path(path).open("rb", buffering=0) as file:
                lines = _write(file, heads, f"file:{Path(path).absolute()}") if _FD.is_dir() else []
        except (OSError, ValueError):
            lines = []  # FFmpeg will say what is wrong
        if not lines:
            yield None
            return
        script.write("\n".join(["ffconcat version 1.0", *lines, ""]).encode())
        script.flush()
        heads.flush()
        yield f"file:{_FD}/{script.fileno()}"


def _write(file: BinaryIO, heads: BinaryIO, whole: str) -> list[str]:
    """Write every window's head behind one another; return the list's lines, none for a file that is not cut."""
    size = os.fstat(file.fileno()).st_size
    movie = within(file, range(size), b"moov")
    tracks = [place for kind, place in boxes(file, movie) if kind == b"trak" and track_kind(file, place) == b"soun"]
    if len(tracks) != 1:
        return []
    track = Track(file, movie, tracks[0])
    if track.packets < _CUT_FROM:
        return []
    lines, ticks = [], 0
    for window in track.windows():
        start = heads.tell()
        heads.write(track.head(window, size))
        head = f"subfile,,start,{start},end,{heads.tell()},,:file:{_FD}/{heads.fileno()}"
        began, ticks = ticks, ticks + int((window.durations[:, 0] * window.durations[:, 1]).sum())
        lasts = ticks * _MICROSECONDS // track.clock - began * _MICROSECONDS // track.clock
        lines += [f"file 'concat:{head}|subfile,,start,0,end,0,,:{whole}'", f"duration {lasts / _MICROSECONDS:.6f}"]
    return lines


class Track:
    """The tables of a sound track, read piece by piece. Raises Uncut, OSError."""

    def __init__(self, file: BinaryIO, movie: range, track: range) -> None:
        self._file = file
        media, table = within(file, track, b"mdia"), within(file, track, b"mdia", b"minf", b"stbl")
        self._boxes = dict(boxes(file, table))
        wide = self._boxes.get(b"co64")
        self._places = self._boxes.get(b"stco") if wide is None else wide
        self._place_bytes = 4 if wide is None else 8
        kinds = {b"stsd", b"stts", b"stsc", _INDEX}
        if not kinds <= set(self._boxes) or self._places is None or b"ctts" in self._boxes:
            raise Uncut("a table is missing, or there is one more")
        described = self._bytes(self._boxes[b"stsd"])
        if described[4:8] != b"\0\0\0\1" or described[12:16] != b"mp4a":
            raise Uncut("not one description of AAC")
        same, self.packets = (int(each) for each in self._numbers(self._boxes[_INDEX], 4, 0, 2))
        clock = self._bytes(within(file, media, b"mdhd"))
        self.clock = int.from_bytes(clock[20:24] if clock[:1] == b"\1" else clock[12:16])
        if same or not self.clock:
            raise Uncut("packets of one size, or no clock")
        information = within(file, media, b"minf")
        copied = [(kind, place) for kind, place in boxes(file, information) if kind != b"stbl"]
        self._information = b"".join(_box(kind, self._bytes(place)) for kind, place in copied)
        self._described = _box(b"stsd", described)
        self._before = _box(b"mvhd", self._bytes(within(file, movie, b"mvhd")))
        self._track = _box(b"tkhd", self._bytes(within(file, track, b"tkhd")))
        self._handler = _box(b"hdlr", self._bytes(within(file, media, b"hdlr")))
        whole = range(os.fstat(file.fileno()).st_size)
        self._kind = _box(b"ftyp", self._bytes(within(file, whole, b"ftyp")))

    def windows(self) -> Iterator[Window]:
        """Yield windows of whole chunks, as a rule at most WINDOW packets, in turn and without a gap."""
        chunks = self._number(self._places)
        chunk = packet = run = stretch = used = 0
        while chunk < chunks:
            counts, firsts = self._counts(run, chunk, chunks)
            ends = counts.cumsum()
            taken = max(1, int(ends.searchsorted(WINDOW, "right")))
            number = int(ends[taken - 1])
            sizes = self._numbers(self._boxes[_INDEX], 12, packet, number)
            places = self._numbers(self._places, 8, chunk, taken, self._place_bytes)
            durations, stretch, used = self._durations(stretch, used, number)
            yield Window(sizes, durations, places, counts[:taken])
            chunk, packet = chunk + taken, packet + number
            run += int(firsts.searchsorted(chunk, "right")) - 1
        if packet != self.packets:
            raise Uncut("chunks and packets do not agree")

    def head(self, window: Window, media_bytes: int) -> bytes:
        """Return all of the window's MP4 but its media data, `media_bytes` that lie right behind it."""
        lasts = int((window.durations[:, 0] * window.durations[:, 1]).sum())
        firsts = np.flatnonzero(np.diff(window.counts, prepend=-1))
        runs = np.stack([firsts + 1, window.counts[firsts], np.ones_like(firsts)], axis=1)
        clock = struct.pack(">IIIIIHH", 0, 0, 0, self.clock, lasts, 0x55C4, 0)

        def made(shift: int) -> bytes:
            tables = [
                self._described,
                _box(b"stts", _counted(window.durations, ">u4")),
                _box(b"stsc", _counted(runs, ">u4")),
                _box(_INDEX, bytes(8) + struct.pack(">I", len(window.sizes)) + window.sizes.astype(">u4").tobytes()),
                _box(b"co64", _counted(window.places + shift, ">u8")),
            ]
            information = _box(b"minf", self._information + _box(b"stbl", b"".join(tables)))
            media = _box(b"mdia", _box(b"mdhd", clock) + self._handler + information)
            movie = _box(b"moov", self._before + _box(b"trak", self._track + media))
            return self._kind + movie + struct.pack(">I4sQ", 1, b"mdat", 16 + media_bytes)

        return made(len(made(0)))

    def _counts(self, run: int, chunk: int, chunks: int) -> tuple[Numbers, Numbers]:
        """Return the packets of each chunk from `chunk` on, WINDOW chunks at most, and the first chunk of each run."""
        table = self._boxes[b"stsc"]
        runs = self._number(table)
        told = self._numbers(table, 8, 3 * run, 3 * min(WINDOW + 1, runs - run)).reshape(-1, 3)
        firsts = told[:, 0] - 1
        ends = np.append(firsts[1:], chunks if run + len(told) == runs else firsts[-1:])
        if not len(told) or firsts[0] > chunk or not (ends[:-1] > firsts[:-1]).all() or (told[:, 1:] < 1).any():
            raise Uncut("the runs of chunks do not follow each other")
        if (told[:, 2] != 1).any():
            raise Uncut("chunks of another description")
        lengths = np.minimum(ends, chunk + WINDOW) - np.maximum(firsts, chunk)
        return np.repeat(told[:, 1], np.maximum(lengths, 0)), firsts

    def _durations(self, stretch: int, used: int, number: int) -> tuple[Numbers, int, int]:
        """Return the next `number` packets' durations as (count, ticks), and where the ones behind them begin."""
        table = self._boxes[b"stts"]
        told = self._numbers(table, 8, 2 * stretch, 2 * min(number, self._number(table) - stretch)).reshape(-1, 2)
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

    def _number(self, table: range) -> int:
        return int(self._numbers(table, 4, 0, 1)[0])

    def _numbers(self, table: range, first: int, index: int, count: int, wide: int = 4) -> Numbers:
        """Return `count` numbers of a table from the one at `index` on; its first one lies `first` bytes in."""
        at = table.start + first + index * wide
        if count < 0 or at + count * wide > table.stop:
            raise Uncut("a table is shorter than it says")
        self._file.seek(at)
        read = self._file.read(count * wide)
        if len(read) < count * wide:
            raise Uncut("the file ends within a table")
        return np.frombuffer(read, f">u{wide}").astype(np.int64)

    def _bytes(self, place: range) -> bytes:
        if not 8 <= len(place) <= _MOST_FACTS:
            raise Uncut("a box is missing or too large")
        self._file.seek(place.start)
        return self._file.read(len(place))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _counted(entries: Numbers, kind: str) -> bytes:
    return struct.pack(">II", 0, len(entries)) + entries.astype(kind).tobytes()
