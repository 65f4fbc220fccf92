"""The level follows the depth: up at once, down at 80 %, and no fall ever resumes what is paused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.infra.queues.pressure import (
    LEVELS,
    SPECIFIED,
    Pressure,
    Shedding,
    judge,
    level_at,
    refuse_if_shedding,
)

DEPTHS = st.integers(0, 12_000)
LEVEL = st.sampled_from(LEVELS)


def test_the_thresholds_are_the_specifications():
    assert [SPECIFIED.rises_above(level) for level in LEVELS[1:]] == [50, 200, 500]
    assert [SPECIFIED.falls_at(level) for level in LEVELS[1:]] == [40, 160, 400]


@pytest.mark.parametrize(("depth", "level"), [
    (0, "normal"), (50, "normal"), (51, "warning"), (200, "warning"), (201, "degraded"), (500, "degraded"),
    (501, "shedding"),
])  # fmt: skip
def test_it_rises_just_above_a_threshold(depth, level):
    assert level_at(depth, "normal") == level


@pytest.mark.parametrize(("current", "depth", "level"), [
    ("shedding", 401, "shedding"), ("shedding", 400, "degraded"), ("shedding", 160, "warning"), ("shedding", 0, "normal"),
    ("degraded", 161, "degraded"), ("degraded", 160, "warning"), ("warning", 41, "warning"), ("warning", 40, "normal"),
])  # fmt: skip
def test_it_falls_at_four_fifths(current, depth, level):
    assert level_at(depth, current) == level


@given(DEPTHS, LEVEL)
def test_a_depth_that_stays_changes_nothing_further(depth, current):
    once = level_at(depth, current)
    assert level_at(depth, once) == once


@given(DEPTHS, DEPTHS, LEVEL)
def test_deeper_is_never_a_lower_level(a, b, current):
    low, high = sorted((a, b))
    assert LEVELS.index(level_at(low, current)) <= LEVELS.index(level_at(high, current))


@given(DEPTHS, LEVEL)
def test_where_it_stood_only_ever_delays_the_fall(depth, current):
    fresh, now = LEVELS.index(level_at(depth, "normal")), LEVELS.index(level_at(depth, current))
    assert fresh <= now <= max(fresh, LEVELS.index(current))


@given(st.lists(DEPTHS, max_size=30))
def test_it_pauses_at_a_rise_to_degraded_and_at_nothing_else(depths):
    level = "normal"
    for depth in depths:
        found = judge(depth, level, paused=False)
        rises = LEVELS.index(found.level) > LEVELS.index(level)
        assert found.pauses == (rises and depth > 200)
        assert not judge(depth, level, paused=True).pauses
        assert found.changed == (found.level != level)
        level = found.level


def test_after_the_operators_word_it_pauses_again_at_the_next_rise_only():
    assert not judge(300, "degraded", paused=False).pauses
    assert judge(501, "degraded", paused=False).pauses
    assert not judge(450, "shedding", paused=False).pauses


def test_it_says_why():
    assert judge(230, "normal", paused=False).reason == "230 jobs wait, more than 200"
    assert judge(150, "degraded", paused=False).reason == "150 jobs wait, no more than 160"
    assert judge(7, "normal", paused=False).reason == "7 jobs wait"


def test_only_shedding_refuses():
    for level in LEVELS[:-1]:
        refuse_if_shedding(Pressure("render-jobs", level))
    with pytest.raises(Shedding, match="only critical work is taken") as caught:
        refuse_if_shedding(Pressure("render-jobs", "shedding", depth=612))
    assert caught.value.status == 503
    assert caught.value.details == {"retry_after_s": 300, "queue": "render-jobs", "level": "shedding", "depth": 612}
