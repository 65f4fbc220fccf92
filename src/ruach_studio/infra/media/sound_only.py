"""Turn an MP4 or MOV of pictures and sound into one of sound alone, as FFmpeg reads it: its index then holds no pictures.

FFmpeg keeps 36 bytes in memory for every packet of every track (its place, its time), wanted or not, and looks at each as
it reads: 13 MB for four hours of 25 pictures a second, twice that for 50. A box of type `free` is passed over (ISO/IEC
14496-12, 8.1.2), so four bytes of each picture's `trak` box are read as `free`, and everything else as it is: by a reader of
ours, or by a name under which FFmpeg puts the file together itself. A plain edit list is left out the same way. What is no
MP4, has nothing to leave out, or keeps its index in pieces (`mvex`) is opened as ever.

Counterpart: mp4_layout.py finds the boxes; sound_frames.py reads the sound by `open_sound` and `sound_name`, probe.py the
facts by `open_plain`.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer

from ruach_studio.infra.media.heap import open_media
from ruach_studio.infra.media.mp4_layout import NOTHING, SoundLayout, sound_layout
from ruach_studio.infra.media.sound_windows import window_list

_HIDDEN = b"free"
_PUNCTUATION = set("|'\\\n")  # of the protocol `concat` and of its namesake, the list
_WHITELIST = "protocol_whitelist=file,concat,subfile"


@contextmanager
def open_sound(path: Path | str) -> Iterator[InputContainer]:
    """Open the file for its sound; picture tracks may be missing from the streams. Raises `av.FFmpegError`, OSError."""
    hidden = sound_layout(path).pictures
    if not hidden:
        with open_media(str(path)) as container:
            yield container
        return
    with _overlaid(path, dict.fromkeys(hidden, _HIDDEN)) as container:
        yield container


@contextmanager
def open_plain(path: Path | str) -> Iterator[tuple[InputContainer, SoundLayout]]:
    """Open the file with all its tracks for its facts: without a plain edit list of the sound, and each track with the index

    of its beginning only (54 MB less for four hours). The first packets can be decoded. The layout says what the list did:
    its `skip` is 0 where FFmpeg still does it. Raises `av.FFmpegError`, OSError.
    """
    layout = sound_layout(path, 0)
    if layout.edits:
        short = {place: number.to_bytes(4) for place, number in layout.counts}
        with _overlaid(path, dict.fromkeys(layout.edits, _HIDDEN) | short) as container:
            if container.streams.audio and container.streams.audio[0].rate == layout.rate:
                yield container, layout
                return
    with open_media(str(path)) as container:
        yield container, NOTHING


@contextmanager
def _overlaid(path: Path | str, words: Mapping[int, bytes]) -> Iterator[InputContainer]:
    with Path(path).open("rb", buffering=0) as file, open_media(_Overlaid(file, words)) as container:
        yield container


@dataclass(frozen=True, slots=True)
class SoundName:
    """What FFmpeg is to open for the sound, with these options, and how many samples at its beginning are none."""

    name: str
    skip: int = 0
    options: str = _WHITELIST


@contextmanager
def sound_name(path: Path | str, rate: int) -> Iterator[SoundName]:
    """Yield the name by which FFmpeg itself reads the file for its sound, good inside the block.

    An edit list that only leaves out the encoder's delay is hidden too, because FFmpeg makes a second index by it while it
    opens the file: `skip` says the same (0 as a rule, where FFmpeg does it). A long file with such a list is read window by
    window (sound_windows.py). `rate`: of the sound. A name that FFmpeg would read as punctuation is given as it is.
    """
    whole = f"file:{Path(path).absolute()}"
    layout = NOTHING if _PUNCTUATION & set(whole) else sound_layout(path, rate)
    places = sorted(layout.pictures + layout.edits)
    if not places:
        yield SoundName(whole)
        return
    with window_list(path) if layout.edits else nullcontext() as windows, tempfile.NamedTemporaryFile() as word:
        if windows is not None:
            yield SoundName(windows, layout.skip, f"safe=0:{_WHITELIST}")
            return
        word.write(_HIDDEN)
        word.flush()
        if _PUNCTUATION & set(word.name):
            yield SoundName(whole)
            return
        parts, read = [], 0
        for place in places:
            parts += [f"subfile,,start,{read},end,{place},,:{whole}", f"file:{word.name}"]
            read = place + len(_HIDDEN)
        yield SoundName("concat:" + "|".join([*parts, f"subfile,,start,{read},end,0,,:{whole}"]), layout.skip)


class _Overlaid:
    """A file in which other bytes are read at some places than are there."""

    def __init__(self, file: BinaryIO, words: Mapping[int, bytes]) -> None:
        self.name = file.name  # PyAV shows it
        self.seek, self.tell = file.seek, file.tell
        self._file, self._words = file, words
        self._begin, self._end = min(words), max(place + len(word) for place, word in words.items())

    def read(self, count: int) -> bytes:
        at = self._file.tell()
        read = self._file.read(count)
        if at >= self._end or at + len(read) <= self._begin:
            return read
        changed = bytearray(read)
        for place, word in self._words.items():
            for byte, value in enumerate(word, place - at):
                if 0 <= byte < len(changed):
                    changed[byte] = value
        return bytes(changed)
