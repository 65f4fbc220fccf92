"""Turn an MP4 or MOV of pictures and sound into one of sound alone, as FFmpeg reads it: its index then holds no pictures.

FFmpeg keeps 36 bytes in memory for every packet of every track (its place, its time), wanted or not, and looks at each as
it reads: 13 MB for four hours of 25 pictures a second, twice that for 50. A box of type `free` is passed over (ISO/IEC
14496-12, 8.1.2), so the reader below reads four bytes of each picture's `trak` box as `free`, and everything else as it is.
What is no MP4, has no picture, or keeps its index in pieces (`mvex`) is opened as ever.

Counterpart: decode.py reads sound by it; probe.py wants both tracks and opens the file itself.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer

from ruach_studio.infra.media.heap import open_media

_MAX_BOXES = 1000  # a movie box holds a few tracks, a file a few boxes; stop long before a damaged one's end
_HIDDEN = b"free"
_PUNCTUATION = set("|'\\")  # of the protocol `concat`
PROTOCOLS = "file,concat,subfile"


@contextmanager
def open_sound(path: Path | str) -> Iterator[InputContainer]:
    """Open the file for its sound; picture tracks may be missing from the streams. Raises `av.FFmpegError`, OSError."""
    hidden = _picture_tracks(path)
    if not hidden:
        with open_media(str(path)) as container:
            yield container
        return
    with Path(path).open("rb", buffering=0) as file, open_media(_Overlaid(file, hidden)) as container:
        yield container


@contextmanager
def sound_name(path: Path | str) -> Iterator[str]:
    """Yield the name by which FFmpeg itself opens the file for its sound, inside the block, with PROTOCOLS allowed.

    A name that FFmpeg would read as punctuation is given as it is, with its pictures.
    """
    whole = f"file:{Path(path).absolute()}"
    hidden = [] if _PUNCTUATION & set(whole) else _picture_tracks(path)
    if not hidden:
        yield whole
        return
    with tempfile.NamedTemporaryFile() as word:
        word.write(_HIDDEN)
        word.flush()
        if _PUNCTUATION & set(word.name):
            yield whole
            return
        parts, read = [], 0
        for place in sorted(hidden):
            parts += [f"subfile,,start,{read},end,{place},,:{whole}", f"file:{word.name}"]
            read = place + len(_HIDDEN)
        yield "concat:" + "|".join([*parts, f"subfile,,start,{read},end,0,,:{whole}"])


class _Overlaid:
    """A file of which the four bytes at each place of `hidden` are read as `free`."""

    def __init__(self, file: BinaryIO, hidden: Sequence[int]) -> None:
        self.name = file.name  # PyAV shows it
        self.seek, self.tell = file.seek, file.tell
        self._file, self._hidden, self._end = file, hidden, max(hidden) + len(_HIDDEN)

    def read(self, count: int) -> bytes:
        at = self._file.tell()
        read = self._file.read(count)
        if at >= self._end or at + len(read) <= min(self._hidden):
            return read
        changed = bytearray(read)
        for place in self._hidden:
            for byte, value in enumerate(_HIDDEN, place - at):
                if 0 <= byte < len(changed):
                    changed[byte] = value
        return bytes(changed)


def _picture_tracks(path: Path | str) -> list[int]:
    """Return where the type of each picture's `trak` box lies in the file; none where it must stay, or there is no sound."""
    try:
        with Path(path).open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            movie = next((place for kind, place in _boxes(file, range(size)) if kind == b"moov"), range(0))
            inside = list(_boxes(file, movie))
            tracks = [(place.start - 4, _handler(file, place)) for kind, place in inside if kind == b"trak"]
    except OSError:
        return []  # FFmpeg will say what is wrong
    kinds = {handler for _, handler in tracks} | {kind for kind, _ in inside if kind == b"mvex"}
    if b"soun" not in kinds or b"mvex" in kinds:  # fragments name their track: it has to be there
        return []
    return [type_at for type_at, handler in tracks if handler == b"vide"]


def _handler(file: BinaryIO, track: range) -> bytes:
    """Return what a track says it is: `trak/mdia/hdlr`, b"vide" or b"soun" for one."""
    media = next((place for kind, place in _boxes(file, track) if kind == b"mdia"), range(0))
    handler = next((place for kind, place in _boxes(file, media) if kind == b"hdlr"), range(0))
    file.seek(handler.start + 8)  # behind version, flags and a word that is 0
    return file.read(4) if len(handler) >= 12 else b""


def _boxes(file: BinaryIO, within: range) -> Iterator[tuple[bytes, range]]:
    """Yield type and content's place of the boxes in a range of bytes; ends where one does not fit."""
    at = within.start
    for _ in range(_MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        length, kind, first = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:
            length, first = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = within.stop - at  # "to the end of the file"
        if len(head) < 8 or length < first or at + length > within.stop:
            return
        yield kind, range(at + first, at + length)
        at += length
