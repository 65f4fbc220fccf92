"""Turn a camera letter and a frame number into black and white cells in the picture, and a picture back into both.

The strip is 8 x 4 cells, placed by the height of the picture around its vertical centre line: 0.48 h wide (a 9:16 centre
crop is 0.5625 h wide) and from 0.05 h to 0.23 h below the top. So it survives centre crops that keep the height (9:16,
1:1), scaling and H.264 at crf 23. Bits, row by row: white, black (the reference cells), 5 letter, 20 frame, 5 check.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COLUMNS, ROWS = 8, 4
CELL_WIDTH_H, CELL_HEIGHT_H = 0.06, 0.045  # in picture heights
TOP_H = 0.05
WHITE, BLACK = 235, 16  # luma, limited range
MAX_FRAME = (1 << 20) - 1
_LEAST_CONTRAST = 60.0


class StripUnreadable(ValueError):
    """The picture carries no readable strip: black, a crop without the centre, a blend of two frames, or other footage."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell in pixels: rows y0..y1 and columns x0..x1, ends excluded."""

    y0: int
    y1: int
    x0: int
    x1: int


def cells(width: int, height: int) -> tuple[Cell, ...]:
    """Return the 32 cells of a picture of this size, in bit order."""
    left, top = width / 2 - COLUMNS / 2 * CELL_WIDTH_H * height, TOP_H * height
    xs = [round(left + i * CELL_WIDTH_H * height) for i in range(COLUMNS + 1)]
    ys = [round(top + i * CELL_HEIGHT_H * height) for i in range(ROWS + 1)]
    return tuple(Cell(ys[r], ys[r + 1], xs[c], xs[c + 1]) for r in range(ROWS) for c in range(COLUMNS))


def bits(letter: str, frame: int) -> tuple[bool, ...]:
    """Return the 32 bits for camera `letter` (A..Z) and `frame` (0..2^20-1). Raises ValueError."""
    code = ord(letter) - ord("A") if len(letter) == 1 else -1
    if not 0 <= code < 26 or not 0 <= frame <= MAX_FRAME:
        raise ValueError(f"a strip holds a letter A..Z and a frame 0..{MAX_FRAME}, not {letter!r} and {frame}")
    value = (0b10 << 30) | (code << 25) | (frame << 5) | _check(code, frame)
    return tuple(bool(value >> (31 - i) & 1) for i in range(32))


def read_strip(picture: npt.NDArray[np.uint8]) -> tuple[str, int]:
    """Return (camera letter, frame number) of a picture: luma (h, w) or RGB (h, w, 3). Raises StripUnreadable."""
    height, width = picture.shape[:2]
    levels = []
    for cell in cells(width, height):
        inset_y, inset_x = (cell.y1 - cell.y0) // 4, (cell.x1 - cell.x0) // 4
        part = picture[cell.y0 + inset_y : cell.y1 - inset_y, cell.x0 + inset_x : cell.x1 - inset_x]
        levels.append(float(part.mean()) if part.size else 0.0)  # black and white cells: plain mean of RGB will do
    white, black = levels[0], levels[1]
    if white - black < _LEAST_CONTRAST:
        raise StripUnreadable(f"no strip: reference cells at {white:.0f} and {black:.0f}")
    middle, doubt = (white + black) / 2, 0.15 * (white - black)
    if any(abs(level - middle) < doubt for level in levels):
        raise StripUnreadable("cells between black and white: a blend of two frames")
    value = 0
    for level in levels:
        value = value << 1 | (level > middle)
    code, frame = value >> 25 & 31, value >> 5 & MAX_FRAME
    if code >= 26 or value & 31 != _check(code, frame):
        raise StripUnreadable(f"the check cells do not agree with letter {code} and frame {frame}")
    return chr(ord("A") + code), frame


def _check(code: int, frame: int) -> int:
    """Return 0..30; any single wrong bit changes it, because 31 is prime."""
    return (frame * 33 + code * 5 + 9) % 31
