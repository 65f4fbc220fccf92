"""The characters that rules believe the typeface to hold are those in its files."""

import struct
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.infra.fonts import FOLDER
from ruach_studio.render.glyphs import HEBREW, LATIN_GREEK_CYRILLIC, drawable, missing, one_line


def held(name: str) -> set[int]:
    """Return the code points in a font's character map (format 12)."""
    data = (FOLDER / name).read_bytes()
    tables = {data[at : at + 4]: struct.unpack_from(">II", data, at + 8) for at in range(12, 12 + 16 * 40, 16)}
    base = tables[b"cmap"][0]
    for i in range(struct.unpack_from(">H", data, base + 2)[0]):
        start = base + struct.unpack_from(">HHI", data, base + 4 + 8 * i)[2]
        if struct.unpack_from(">H", data, start)[0] == 12:
            groups = struct.unpack_from(">I", data, start + 12)[0]
            spans = (struct.unpack_from(">III", data, start + 16 + 12 * k) for k in range(groups))
            return {point for first, last, _ in spans for point in range(first, last + 1)}
        if struct.unpack_from(">H", data, start)[0] == 4:
            small = start
    segments = struct.unpack_from(">H", data, small + 6)[0] // 2
    ends = struct.unpack_from(f">{segments}H", data, small + 14)
    starts = struct.unpack_from(f">{segments}H", data, small + 16 + 2 * segments)
    return {p for a, b in zip(starts, ends, strict=True) for p in range(a, b + 1)} - {0xFFFF}


@pytest.mark.parametrize("weight", ["Medium", "Bold"])
def test_the_tables_are_those_of_the_font_files(weight):
    assert held(f"NotoSans-{weight}.ttf") - {0, 13} == LATIN_GREEK_CYRILLIC
    hebrew = held(f"NotoSansHebrew-{weight}.ttf")
    assert hebrew >= HEBREW
    assert {p for p in hebrew if "HEBREW" in unicodedata.name(chr(p), "")} == HEBREW


def test_the_languages_of_the_bible_are_held():
    assert missing("Ἐν ἀρχῇ ἦν ὁ λόγος — בְּרֵאשִׁית בָּרָא אֱלֹהִים — Zażółć gęślą jaźń, naïve Straße, Русский “q” …") == ""
    assert missing("神 is 神 😀") == "神😀"
    assert drawable("a 神 b😀") == "a b"


@given(st.text())
def test_a_line_is_one_line_without_anything_that_controls(text):
    line = one_line(text)
    assert line == " ".join(line.split())
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
    assert missing(drawable(text)) == ""
    assert one_line(line) == line
