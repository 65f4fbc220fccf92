"""Turn an MP4 or MOV into its boxes: where in the file what lies (ISO/IEC 14496-12).

Counterpart: mp4_layout.py and mp4_tables.py read what is in them.
"""

from collections.abc import Iterator
from typing import BinaryIO

_MAX_BOXES = 1000  # a movie box holds a few tracks, a file a few boxes; stop long before a damaged one's end


def boxes(file: BinaryIO, within: range) -> Iterator[tuple[bytes, range]]:
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


def within(file: BinaryIO, place: range, *kinds: bytes) -> range:
    """Return the content's place of the first box of this kind, of the next kind in it, and so on; empty: there is none."""
    for wanted in kinds:
        place = next((inner for kind, inner in boxes(file, place) if kind == wanted), range(0))
    return place


def track_kind(file: BinaryIO, track: range) -> bytes:
    """Return what a track says it is: b"vide" or b"soun" for one."""
    handler = within(file, track, b"mdia", b"hdlr")
    file.seek(handler.start + 8)  # behind version, flags and a word that is 0
    return file.read(4) if len(handler) >= 12 else b""
