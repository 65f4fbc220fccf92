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

from ruach_studio.infra.media.mp4_boxes import boxes, track_kind, within
from ruach_studio.infra.media.mp4_tables import Numbers, Tables, Uncut

WINDOW = 1 << 14  # packets, 5.8 minutes of AAC at 48 kHz: 0.6 MB of FFmpeg's index, 0.3 MB of tables here
_CUT_FROM = 16 * WINDOW  # below it FFmpeg's index takes 9 MB, and reading by a list 9 to 12 % more processor time (measured)
_MICROSECONDS = 1_000_000
_FD = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Window:
    """The tables of one window: packets' sizes, their durations as (count, ticks), chunks' places and packets in each."""

    sizes: Numbers
    durations: Numbers
    places: Numbers
    counts: Numbers


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
    """A sound track that can be cut. Raises Uncut, OSError."""

    def __init__(self, file: BinaryIO, movie: range, track: range) -> None:
        self._tables = tables = Tables(file, track)
        media, described = within(file, track, b"mdia"), tables.bytes_of(tables.boxes[b"stsd"])
        if described[4:8] != b"\0\0\0\1" or described[12:16] != b"mp4a" or b"ctts" in tables.boxes:
            raise Uncut("not one description of AAC, or pictures' times")
        clock = tables.bytes_of(within(file, media, b"mdhd"))
        self.packets, self.clock = tables.packets, int.from_bytes(clock[20:24] if clock[:1] == b"\1" else clock[12:16])
        if not self.clock:
            raise Uncut("no clock")
        information = within(file, media, b"minf")
        copied = [(kind, place) for kind, place in boxes(file, information) if kind != b"stbl"]
        self._information = b"".join(_box(kind, tables.bytes_of(place)) for kind, place in copied)
        self._described = _box(b"stsd", described)
        self._before = _box(b"mvhd", tables.bytes_of(within(file, movie, b"mvhd")))
        self._track = _box(b"tkhd", tables.bytes_of(within(file, track, b"tkhd")))
        self._handler = _box(b"hdlr", tables.bytes_of(within(file, media, b"hdlr")))
        whole = range(os.fstat(file.fileno()).st_size)
        self._kind = _box(b"ftyp", tables.bytes_of(within(file, whole, b"ftyp")))

    def windows(self) -> Iterator[Window]:
        """Yield windows of whole chunks, as a rule at most WINDOW packets, in turn and without a gap."""
        tables = self._tables
        chunk = packet = run = stretch = used = 0
        while chunk < tables.chunks:
            counts, firsts = tables.counts(run, chunk)
            ends = counts.cumsum()
            taken = max(1, int(ends.searchsorted(WINDOW, "right")))
            number = int(ends[taken - 1])
            durations, stretch, used = tables.durations(stretch, used, number)
            yield Window(tables.sizes(packet, number), durations, tables.places_of(chunk, taken), counts[:taken])
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
                _box(b"stsz", bytes(8) + struct.pack(">I", len(window.sizes)) + window.sizes.astype(">u4").tobytes()),
                _box(b"co64", _counted(window.places + shift, ">u8")),
            ]
            information = _box(b"minf", self._information + _box(b"stbl", b"".join(tables)))
            media = _box(b"mdia", _box(b"mdhd", clock) + self._handler + information)
            movie = _box(b"moov", self._before + _box(b"trak", self._track + media))
            return self._kind + movie + struct.pack(">I4sQ", 1, b"mdat", 16 + media_bytes)

        return made(len(made(0)))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _counted(entries: Numbers, kind: str) -> bytes:
    return struct.pack(">II", 0, len(entries)) + entries.astype(kind).tobytes()
