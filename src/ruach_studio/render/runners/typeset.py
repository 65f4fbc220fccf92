"""Turn a text and a room into lines that fit it, measured with the font files that will draw them.

Lines are broken between words, as few as fit, then balanced: the narrowest width that still needs no more lines. Where
even that is too tall or a word is wider than the room, the type gets smaller, in steps of 5 %. Sizes are in pixels of the em
square; ASS wants the height of the line instead (Windows ascent + descent of the font), which differs between our two
families, so each run names its own. Counterpart: letters.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

from PIL import ImageFont

from ruach_studio.infra.fonts import FOLDER
from ruach_studio.render.glyphs import HEBREW, LATIN_GREEK_CYRILLIC
from ruach_studio.render.runners.ass import escaped

Weight = Literal["Medium", "Bold"]

# usWinAscent and usWinDescent, in ems: libass takes a font's size as their sum, and puts the baseline after the first.
WIN_ASCENT, WIN_DESCENT = 1.124, 0.395
HEBREW_WIN_ASCENT, HEBREW_WIN_DESCENT = 1.068, 0.292
CAP_HEIGHT = 0.714
LINE = 1.3  # distance of baselines in ems
SHRINK = 0.95
SMALLEST = 0.1
_MEASURED_PX = 1000
_ONLY_HEBREW = HEBREW - LATIN_GREEK_CYRILLIC
_SPARE = 1.01  # libass shapes in its own way; a hundredth of the width is more than they ever differed


@dataclass(frozen=True, slots=True)
class Part:
    """A text to be set: its weight, the size it would like, and its colour (ASS: blue, green, red)."""

    text: str
    weight: Weight
    em: float
    colour: str


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that fit a room, and the size that made them fit."""

    lines: tuple[str, ...]
    em: float
    width: float

    @property
    def height(self) -> float:
        """Return the height from the top of the first line's capitals to the last line's deepest descender."""
        return (CAP_HEIGHT + LINE * (len(self.lines) - 1) + 0.24) * self.em


def fitted(text: str, weight: Weight, em: float, width: float) -> Block:
    """Return `text` in lines that fit `width` pixels, at most `em` large (smaller only where a word is wider than that)."""
    words = text.split(" ")
    widest = max(width_of(word, weight, em) for word in words)
    em *= min(1.0, width / widest) if widest else 1.0
    lines = _balanced(words, weight, em, width)
    return Block(tuple(lines), em, max(width_of(line, weight, em) for line in lines))


def stacked(parts: Sequence[Part], width: float, height: float, gap: float) -> tuple[Block, ...]:
    """Return the parts' blocks, one below the other with `gap` between, all smaller together until they fit the room."""
    scale = 1.0
    while True:
        blocks = tuple(fitted(part.text, part.weight, part.em * scale, width) for part in parts)
        height_used = sum(block.height for block in blocks) + gap * (len(blocks) - 1)
        if height_used <= height or scale < SMALLEST:
            return blocks
        scale *= SHRINK


def as_broken(lines: Sequence[str], weight: Weight, em: float, width: float, height: float) -> Block:
    """Return lines that are broken already, made smaller where they do not fit `width` x `height`."""
    widest = max(width_of(line, weight, em) for line in lines)
    block = Block(tuple(lines), em, widest)
    ratio = min(1.0, width / widest if widest else 1.0, height / block.height)
    return Block(tuple(lines), em * ratio, widest * ratio)


def width_of(text: str, weight: Weight, em: float) -> float:
    """Return how wide `text` is in pixels at this size, a little generously."""
    return sum(_run_width(run, family, weight) for family, run in _runs(text)) * em / _MEASURED_PX * _SPARE


def ascent(text: str) -> float:
    """Return how far, in ems, libass puts the baseline below the top of a line with this text."""
    return max(HEBREW_WIN_ASCENT if family else WIN_ASCENT for family, _ in _runs(text))


def typed(text: str, weight: Weight, em: float) -> str:
    """Return `text` as ASS: escaped, each run in the family that holds its letters."""
    parts = []
    for family, run in _runs(text):
        name = f"Noto Sans{' Hebrew' if family == 'Hebrew' else ''}{' Medium' if weight == 'Medium' else ''}"
        size = em * (HEBREW_WIN_ASCENT + HEBREW_WIN_DESCENT if family == "Hebrew" else WIN_ASCENT + WIN_DESCENT)
        parts.append(f"{{\\fn{name}\\fs{size:.2f}\\b{1 if weight == 'Bold' else 0}}}{escaped(run)}")
    return "".join(parts)


def _balanced(words: Sequence[str], weight: Weight, em: float, width: float) -> list[str]:
    sizes = [width_of(word, weight, em) for word in words]
    blank = width_of(" ", weight, em)
    lines = _filled(words, sizes, blank, width)
    low, high = max(sizes), width
    while len(lines) > 1 and high - low > 1:
        middle = (low + high) / 2
        tighter = _filled(words, sizes, blank, middle)
        if len(tighter) <= len(lines):
            lines, high = tighter, middle
        else:
            low = middle
    return lines


def _filled(words: Sequence[str], sizes: Sequence[float], blank: float, width: float) -> list[str]:
    lines, used = [words[0]], sizes[0]
    for word, size in zip(words[1:], sizes[1:], strict=True):
        if used + blank + size <= width:
            lines[-1] += " " + word
            used += blank + size
        else:
            lines.append(word)
            used = size
    return lines


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Yield (family, run): Hebrew letters in their own font, everything else (also blanks and stops) in the other."""
    for family, letters in groupby(text, key=lambda c: "Hebrew" if ord(c) in _ONLY_HEBREW else ""):
        yield family, "".join(letters)


@lru_cache(maxsize=16_384)
def _run_width(run: str, family: str, weight: Weight) -> float:
    return _font(family, weight).getlength(run)


@lru_cache(maxsize=4)
def _font(family: str, weight: Weight) -> ImageFont.FreeTypeFont:
    path = FOLDER / f"NotoSans{family}-{weight}.ttf"
    return ImageFont.truetype(str(path), _MEASURED_PX, layout_engine=ImageFont.Layout.BASIC)
