"""Turn a format into what is written on it and where: captions, overlays and chapter cards have each their own place.

Captions: `burn` draws them and writes the files, `files` only writes the files, `off` neither. Only upright pictures have
them burnt in by default (decision R2: the short); `karaoke` lights the word that is being said. Chapters: `on` shows cards
and writes the chapter file and metadata, `off` nothing.

Nothing is drawn outside the safe area. Upright: x 60..930, y 220..1470 of 1080 x 1920, which is what TikTok, Reels and
Shorts all leave free of their own buttons. Else 5 % from each edge (EBU R 95). Inside it the places do not touch, so that
a caption, a lower third and a chapter card may be on screen together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Captions = Literal["burn", "files", "off"]
Chapters = Literal["on", "off"]
Place = Literal["chapter", "cta", "middle", "lowerThird", "captions"]


@dataclass(frozen=True, slots=True)
class LetteringStyle:
    """What one format shows in writing. `line_characters` is how long a line of a caption may be."""

    captions: Captions = "files"
    karaoke: bool = False
    chapters: Chapters = "on"
    line_characters: int = 42


WIDE = LetteringStyle()
SQUARE = LetteringStyle(line_characters=28)
UPRIGHT = LetteringStyle(captions="burn", line_characters=20)
NOTHING = LetteringStyle(captions="off", chapters="off")
LINE_CHARACTERS = (10, 60)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels: [x0, x1) x [y0, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Return the width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Return the height in pixels."""
        return self.y1 - self.y0


# Parts of the safe area: x0, y0, x1, y1, each from 0 to 1.
_LANDSCAPE: Mapping[Place, tuple[float, float, float, float]] = {
    "chapter": (0.0, 0.0, 0.58, 0.2), "cta": (0.6, 0.0, 1.0, 0.2), "middle": (0.1, 0.22, 0.9, 0.66),
    "lowerThird": (0.0, 0.68, 0.7, 0.83), "captions": (0.0, 0.845, 1.0, 1.0),
}  # fmt: skip
_STACKED: Mapping[Place, tuple[float, float, float, float]] = {
    "chapter": (0.0, 0.0, 1.0, 0.16), "cta": (0.0, 0.175, 1.0, 0.295), "middle": (0.0, 0.31, 1.0, 0.63),
    "lowerThird": (0.0, 0.645, 1.0, 0.78), "captions": (0.0, 0.795, 1.0, 1.0),
}  # fmt: skip


def style_of_shape(width: int, height: int) -> LetteringStyle:
    """Return what a video of this shape shows in writing where its preset says nothing."""
    return SQUARE if width == height else UPRIGHT if height > width else WIDE


def safe_area(width: int, height: int) -> Box:
    """Return where writing may stand in a picture of this size."""
    if height > width:
        return Box(width * 60 / 1080, height * 220 / 1920, width * 930 / 1080, height * 1470 / 1920)
    return Box(width * 0.05, height * 0.05, width * 0.95, height * 0.95)


def place(name: Place, width: int, height: int) -> Box:
    """Return where inside the safe area one kind of writing stands."""
    safe = safe_area(width, height)
    x0, y0, x1, y1 = (_LANDSCAPE if width > height else _STACKED)[name]
    return Box(safe.x0 + x0 * safe.width, safe.y0 + y0 * safe.height, safe.x0 + x1 * safe.width, safe.y0 + y1 * safe.height)


def unit(width: int, height: int) -> Fraction:
    """Return what one pixel of a 1080 lines picture is in this one: the measure of every size of type."""
    return Fraction(min(width, height), 1080)
