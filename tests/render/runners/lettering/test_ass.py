"""User text is data: it reaches the picture letter for letter, and can neither open a tag nor end an event."""

import asyncio
import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.render.glyphs import drawable
from ruach_studio.render.lettering_style import safe_area
from ruach_studio.render.plan import Lettering
from ruach_studio.render.plan.lettering import Overlay
from ruach_studio.render.runners import ass
from ruach_studio.render.runners.ass import Event, escaped, script, time_of
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.runners.typeset import Part, stacked, typed, width_of

PIECES = [
    "{",
    "}",
    "\\",
    "\\N",
    "\\h",
    "\\pos(1,1)",
    "{\\p1}m 0 0",
    "\\{",
    ",",
    "\n",
    "Dialogue: 0,",
    "a",
    "ש",
    "é",
    " ",
    ":",
    "'",
]
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=12).map("".join)


def read_as_libass_does(body: str) -> str:
    """Return the plain text of an event: tags away, escapes resolved, commands in the text as what libass makes of them."""
    text, at = [], 0
    while at < len(body):
        two = body[at : at + 2]
        if two in ("\\{", "\\}"):
            text.append(two[1])
            at += 2
        elif two in ("\\N", "\\n", "\\h"):
            text.append("\n")
            at += 2
        elif body[at] == "{" and "}" in body[at:]:
            at = body.index("}", at) + 1
        else:
            text.append(body[at])
            at += 1
    return "".join(text).replace("\u2060", "")


@settings(max_examples=100)
@given(hostile)
def test_any_text_comes_out_as_it_went_in(text):
    drawn = drawable(text)
    for body in (escaped(drawn), typed(drawn, "Bold", 40.0) if drawn else ""):
        assert read_as_libass_does(body) == drawn.replace("\u2060", "")
    made = script([Event(0, 10, 0, typed(drawn, "Medium", 40.0))], 100, 100)
    assert made.count("\nDialogue: ") == 1
    assert made.splitlines()[-1].startswith("Dialogue: 0,0:00:00.00,0:00:00.10,Text,,0,0,0,,")


def test_examples_hold():
    assert doctest.testmod(ass).failed == 0


def test_a_day_of_frames_has_its_times():
    assert [time_of(n) for n in (0, 99, 100, 359_999, 360_000, 8_640_000)] == [
        "0:00:00.00", "0:00:00.99", "0:00:01.00", "0:59:59.99", "1:00:00.00", "24:00:00.00",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("Wglı. שé", min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=3),
    st.integers(60, 900), st.integers(30, 400),
)  # fmt: skip
def test_a_stack_fits_its_room_and_loses_no_word(texts, width, height):
    parts = [Part(" ".join(text.split()), "Bold", 40.0, "FFFFFF") for text in texts]
    blocks = stacked(parts, width, height, 5.0)
    for part, block in zip(parts, blocks, strict=True):
        assert " ".join(block.lines) == part.text
        assert block.width <= width + 1e-6
        assert block.width >= max(width_of(line, "Bold", block.em) for line in block.lines) - 1e-6
    if blocks[0].em > 5:
        assert sum(block.height for block in blocks) + 5.0 * (len(blocks) - 1) <= height


def test_lines_are_balanced():
    (block,) = stacked(
        [Part("In the beginning was the Word, and the Word was with God", "Medium", 40.0, "FFFFFF")], 700, 400, 0
    )
    widths = [width_of(line, "Medium", block.em) for line in block.lines]
    assert len(widths) == 2
    assert min(widths) > 0.8 * max(widths)


@pytest.mark.slow
async def test_hostile_texts_are_drawn_and_stay_inside(black_plan, written_boxes, tmp_path):
    rng = np.random.default_rng(5)
    texts = [drawable("A" + "".join(rng.choice(PIECES, 8))) for _ in range(60)] + ["אב" * 20, "e\u0301" * 30, "\u0301", "ﬁ"]
    overlays = tuple(Overlay(i, i + 1, "title", {"title": text}) for i, text in enumerate(texts))
    plan = black_plan(Lettering(overlays=overlays), len(texts), size=(320, 180))
    picture = await FfmpegRunner().render(plan, tmp_path, lambda _: None, asyncio.Event())
    safe = safe_area(320, 180)
    boxes = written_boxes(picture.path)
    assert None not in boxes
    for x0, y0, x1, y1 in boxes:
        assert safe.x0 <= x0 < x1 <= safe.x1
        assert safe.y0 <= y0 < y1 <= safe.y1
