"""Turn a text into what our typeface can draw of it, and say which characters it cannot.

The ranges are those of the shipped fonts (infra/fonts; a test reads them out of the files). A character without a glyph is
left out of the picture and named in a note: the alternative is whatever font the machine happens to have, and then two
machines would make two films. Caption files keep every character.
"""

import unicodedata

_LATIN_GREEK_CYRILLIC = (
    "20-7e a0-377 37a-37f 384-38a 38c 38e-3a1 3a3-3e1 3f0-52f 900-97f 10fb 1ab0-1ac0 1ac5 1ac7-1ace 1c80-1c88 "
    "1d00-1df9 1dfb-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fc4 "
    "1fc6-1fd3 1fd6-1fdb 1fdd-1fef 1ff2-1ff4 1ff6-1ffe 2000-2064 2066-2071 2074-208e 2090-209c 20a0-20c0 20f0 "
    "2100-215f 2183-2184 2189 2212 25cc 2c60-2c7f 2de0-2e5d a640-a69f a700-a7ca a7d0-a7d1 a7d3 a7d5-a7d9 a7f2-a7ff "
    "a8ff a92e ab30-ab6b fb00-fb06 fe00 fe20-fe2f feff fffc-fffd 10780-10785 10787-107b0 107b2-107ba 1df00-1df1e"
)
_HEBREW = "591-5c7 5d0-5ea 5ef-5f4 fb1d-fb36 fb38-fb3c fb3e fb40-fb41 fb43-fb44 fb46-fb4f"


def _points(ranges: str) -> frozenset[int]:
    points: set[int] = set()
    for each in ranges.split():
        first, _, last = each.partition("-")
        points.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(points)


LATIN_GREEK_CYRILLIC = _points(_LATIN_GREEK_CYRILLIC)
HEBREW = _points(_HEBREW)


def one_line(text: str) -> str:
    """Return `text` composed (NFC), on one line, single-spaced, without control characters or direction overrides."""
    kept = (" " if c.isspace() else c for c in unicodedata.normalize("NFC", text) if not _unwanted(c) or c.isspace())
    return " ".join("".join(kept).split())


def drawable(text: str) -> str:
    """Return `text` as one line of characters that the typeface holds."""
    return " ".join("".join(c for c in one_line(text) if _held(c)).split())


def missing(text: str) -> str:
    """Return the characters of `text` that the typeface lacks, each once, in order of appearance."""
    return "".join(dict.fromkeys(c for c in one_line(text) if not _held(c)))


def _held(character: str) -> bool:
    return ord(character) in LATIN_GREEK_CYRILLIC or ord(character) in HEBREW


def _unwanted(character: str) -> bool:
    # An override (U+202A..202E, U+2066..2069) that is never closed would turn everything after it around.
    if 0x202A <= ord(character) <= 0x202E or 0x2066 <= ord(character) <= 0x2069:
        return True
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:  # no characters, now or ever
        return True
    return unicodedata.category(character) in {"Cc", "Cs"} or character == "\ufeff"
