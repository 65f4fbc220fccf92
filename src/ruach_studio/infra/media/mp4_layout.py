"""Turn an MP4 or MOV into where those parts of its index lie that nobody needs who only hears it.

Boxes by ISO/IEC 14496-12: `moov` holds a `trak` for each track, that its kind (`mdia/hdlr`), its clock (`mdia/mdhd`) and its
edit list (`edts/elst`). Counterpart: sound_only.py reads the file without them.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ruach_studio.infra.media.mp4_boxes import boxes, track_kind, within
from ruach_studio.infra.media.mp4_tables import Tables

_MOST_SKIPPED = 4096  # samples: what an encoder of AAC puts before the sound is 1024, 2048 or 2112
_MOST_TOLD = 1 << 20  # bytes of tags that are looked at
INDEXED = 4096  # packets of a track by which FFmpeg finds out all its facts


@dataclass(frozen=True, slots=True)
class SoundLayout:
    """Where in the file the type of each picture's `trak` box lies, and that of the sound's `edts` box if it is plain.

    A plain edit list says only that the first `skip` samples, at `rate`, are none. `counts`: where a number lies that
    must be a smaller one for a track of more than INDEXED packets to be indexed up to there only.
    """

    pictures: tuple[int, ...] = ()
    edits: tuple[int, ...] = ()
    skip: int = 0
    rate: int = 0
    counts: tuple[tuple[int, int], ...] = ()


NOTHING = SoundLayout()


def sound_layout(path: Path | str, rate: int | None = None) -> SoundLayout:
    """Return what can be left out; nothing where all must stay, there is no sound, or the file is of another kind.

    Edits are looked at if the sound's `rate` is given; 0 is whatever the track's clock says.
    """
    try:
        with Path(path).open("rb", buffering=0) as file:
            movie = within(file, range(os.fstat(file.fileno()).st_size), b"moov")
            inside = list(boxes(file, movie))
            tracks = [(place, track_kind(file, place)) for kind, place in inside if kind == b"trak"]
            sounds = [place for place, kind in tracks if kind == b"soun"]
            if not sounds or any(kind == b"mvex" for kind, _ in inside):  # fragments name their track: it has to be there
                return NOTHING
            pictures = tuple(place.start - 4 for place, kind in tracks if kind == b"vide")
            edit = _plain_edit(file, movie, sounds[0]) if rate is not None and len(sounds) == 1 else None
            if edit is None or rate not in (0, edit[1]):
                return SoundLayout(pictures)
            counts = tuple(each for place, _ in tracks for each in _shorter(file, place))
            return SoundLayout(pictures, (within(file, sounds[0], b"edts").start - 4,), *edit, counts)
    except OSError:
        return NOTHING  # FFmpeg will say what is wrong


def _plain_edit(file: BinaryIO, movie: range, track: range) -> tuple[int, int] | None:
    """Return how many ticks of the sound's clock its edit list leaves out at the beginning, and how many make a second.

    None unless that is all it does and says: one edit at normal speed, that ends with the track, and no tag that says more
    of the encoder's delay (`iTunSMPB`). The caller knows whether ticks are samples.
    """
    for place in (within(file, movie, b"udta"), within(file, movie, b"meta"), within(file, track, b"udta")):
        file.seek(place.start)
        if len(place) > _MOST_TOLD or b"iTunSMPB" in file.read(len(place)):
            return None
    edits = within(file, track, b"edts", b"elst")
    file.seek(edits.start)
    told = file.read(28)
    wide = 8 if told[:1] == b"\1" else 4
    if len(edits) != 8 + 2 * wide + 4 or len(told) < len(edits) or int.from_bytes(told[4:8], "big") != 1:
        return None
    lasts, skip = (int.from_bytes(told[8 + n * wide : 8 + (n + 1) * wide], "big", signed=bool(n)) for n in range(2))
    movie_ticks, _ = _clock(file, within(file, movie, b"mvhd"))
    ticks, samples = _clock(file, within(file, track, b"mdia", b"mdhd"))
    if told[8 + 2 * wide : len(edits)] != b"\0\1\0\0" or not movie_ticks or not 0 <= skip <= _MOST_SKIPPED:
        return None
    return (skip, ticks) if abs(samples - skip - lasts * ticks / movie_ticks) <= ticks / movie_ticks else None


def _shorter(file: BinaryIO, track: range) -> tuple[tuple[int, int], ...]:
    """Return how many chunks, runs and packets a long track has, as (place, number), if it is to end after INDEXED."""
    try:
        tables = Tables(file, track)
        counts, firsts = tables.counts(0, 0)
    except ValueError:
        return ()
    ends = counts[:INDEXED].cumsum()
    chunks = max(1, int(ends.searchsorted(INDEXED, "right")))
    if chunks >= tables.chunks:
        return ()
    runs = int(firsts.searchsorted(chunks))
    numbers = {
        tables.places: (4, chunks),
        tables.boxes[b"stsc"]: (4, runs),
        tables.boxes[b"stsz"]: (8, int(ends[chunks - 1])),
    }
    return tuple((table.start + at, number) for table, (at, number) in numbers.items())


def _clock(file: BinaryIO, header: range) -> tuple[int, int]:
    """Return ticks a second and ticks in all of `mvhd` or `mdhd`."""
    file.seek(header.start)
    told = file.read(32)
    first, wide = (20, 8) if told[:1] == b"\1" else (12, 4)
    if len(header) < first + 4 + wide:
        return 0, 0
    return int.from_bytes(told[first : first + 4], "big"), int.from_bytes(told[first + 4 : first + 4 + wide], "big")
