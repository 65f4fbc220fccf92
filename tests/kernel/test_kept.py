"""Programme frames and shown frames, both ways: golden vectors first, then what must hold for any programme."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.kept import KeptFrames


@pytest.mark.parametrize(
    ("window", "left_out", "stretches", "first"),
    [
        ((0, 100), [], ((0, 100),), (0,)),
        ((0, 100), [(10, 20)], ((0, 10), (20, 100)), (0, 10)),
        ((0, 100), [(0, 20), (90, 100)], ((20, 90),), (0,)),
        ((30, 80), [(10, 40), (60, 70), (75, 95)], ((40, 60), (70, 75)), (0, 20)),
        ((0, 50), [(20, 30), (10, 25), (28, 28), (45, 40)], ((0, 10), (30, 50)), (0, 10)),
        ((0, 50), [(0, 50)], (), ()),
        ((20, 30), [(0, 10), (40, 50)], ((20, 30),), (0,)),
    ],
)
def test_what_is_kept(window, left_out, stretches, first):
    kept = KeptFrames.of(*window, left_out)
    assert (kept.stretches, kept.first) == (stretches, first)


def test_frames_of_both_counts():
    kept = KeptFrames.of(100, 200, [(120, 150), (160, 170)])
    assert kept.frames == 60
    assert [kept.shown_frame(n) for n in (0, 100, 119, 120, 149, 150, 159, 160, 170, 199, 200, 999)] == [
        0, 0, 19, 20, 20, 20, 29, 30, 30, 59, 60, 60,
    ]  # fmt: skip
    assert [kept.programme_frame(n) for n in (0, 19, 20, 29, 30, 59)] == [100, 119, 150, 159, 170, 199]
    assert kept.span(110, 155) == (10, 25)
    assert kept.span(120, 150) is None
    assert (kept.shows(119), kept.shows(120), kept.shows(99)) == (True, False, False)
    assert list(kept.parts(110, 165)) == [(110, 120, 10), (150, 160, 20)]
    for outside in (-1, 60):
        with pytest.raises(IndexError, match="60 frames"):
            kept.programme_frame(outside)


stretches = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=12)


@settings(max_examples=40)
@given(st.integers(0, 150), st.integers(0, 300), stretches)
def test_monotone_invertible_and_of_the_right_length(start, end, left_out):
    kept = KeptFrames.of(start, end, left_out)
    gone = {n for low, high in left_out for n in range(low, high)}
    shown = [n for n in range(start, end) if n not in gone]
    assert kept.frames == len(shown)
    assert [kept.programme_frame(i) for i in range(kept.frames)] == shown
    assert [kept.shown_frame(n) for n in shown] == list(range(kept.frames))
    counts = [kept.shown_frame(n) for n in range(start - 5, end + 5)]
    assert counts == sorted(counts)
    assert [n for n in range(start, end) if kept.shows(n)] == shown
    assert sum(high - low for low, high, _ in kept.parts(start, end)) == kept.frames
