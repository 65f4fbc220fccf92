"""The places of writing: inside the safe area, beside one another, the same at every size."""

from itertools import combinations
from typing import get_args

import pytest

from ruach_studio.render.lettering_style import UPRIGHT, Box, Place, place, safe_area, style_of_shape, unit
from ruach_studio.render.presets import FORMATS, PRESETS

SIZES = [(1920, 1080), (1080, 1920), (1080, 1080), (3840, 2160), (320, 180)]


def test_the_upright_safe_area_is_what_the_platforms_leave_free():
    assert safe_area(1080, 1920) == Box(60, 220, 930, 1470)
    assert safe_area(1920, 1080) == Box(96, 54, 1824, 1026)


@pytest.mark.parametrize("size", SIZES)
def test_places_lie_inside_the_safe_area_and_never_touch(size):
    safe, places = safe_area(*size), [place(name, *size) for name in get_args(Place)]
    for box in places:
        assert safe.x0 <= box.x0 < box.x1 <= safe.x1 + 1e-9
        assert safe.y0 <= box.y0 < box.y1 <= safe.y1 + 1e-9
    for a, b in combinations(places, 2):
        assert a.x1 < b.x0 or b.x1 < a.x0 or a.y1 < b.y0 or b.y1 < a.y0


def test_every_standard_format_has_a_style_and_only_the_short_is_captioned():
    assert [name for name in FORMATS if PRESETS[name].lettering.captions == "burn"] == ["short_9_16"]
    assert [name for name in FORMATS if PRESETS[name].lettering.chapters == "on"] == list(FORMATS[:3])
    assert [PRESETS[name].lettering.line_characters for name in FORMATS[:3]] == [42, 20, 28]
    assert style_of_shape(1080, 1350) is UPRIGHT
    assert unit(1080, 1920) == unit(1920, 1080) == 2 * unit(960, 540) == 1
