from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.render.plan.crop import crop_box
from ruach_studio.render.presets import PRESETS

TALL, SQUARE = PRESETS["short_9_16"], PRESETS["clip_1_1"]


@pytest.mark.parametrize(
    ("size", "preset", "x", "box"),
    [
        ((1920, 1080), TALL, "1/2", (656, 0, 608, 1080)),
        ((1920, 1080), TALL, "2/5", (464, 0, 608, 1080)),
        ((1920, 1080), TALL, "0", (0, 0, 608, 1080)),
        ((1920, 1080), TALL, "1", (1312, 0, 608, 1080)),
        ((1920, 1080), SQUARE, "1/2", (420, 0, 1080, 1080)),
        ((1080, 1920), SQUARE, "1/5", (0, 420, 1080, 1080)),
    ],
)
def test_the_rectangle_is_centred_on_the_subject_as_far_as_the_picture_reaches(size, preset, x, box):
    assert crop_box(*size, preset, Fraction(x)) == box


def test_wide_pixels_make_the_rectangle_narrower_in_pixels():
    assert crop_box(1440, 1080, TALL, Fraction(1, 2), Fraction(4, 3)) == (492, 0, 456, 1080)


sides = st.integers(100, 2000).map(lambda half: 2 * half)


@settings(max_examples=100, deadline=None)
@given(sides, sides, sides, sides, st.fractions(0, 1))
def test_the_rectangle_lies_inside_and_is_even(width, height, wide, tall, x):
    left, top, w, h = crop_box(width, height, replace(TALL, width=wide, height=tall), x)
    assert 0 <= left <= left + w <= width
    assert 0 <= top <= top + h <= height
    assert left % 2 == w % 2 == top % 2 == h % 2 == 0
