"""The frame rule, against its own words: the last source frame before t_n + half a frame."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, first_programme_frame, position, source_frame
from ruach_studio.render.plan.mapping import covered

RATES = ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60"]
rates = st.sampled_from([FrameRate.parse(r) for r in RATES])
offsets = st.integers(-3_600_000_000, 3_600_000_000).map(lambda us: Fraction(us, 1_000_000))
drifts = st.integers(-500_000, 500_000).map(lambda n: Fraction(n, 1000))


def a_clip(rate: FrameRate, offset=Fraction(0), drift=Fraction(0), seconds=Fraction(3600)) -> ClipRef:
    return ClipRef("x.mp4", offset, drift, Fraction(0), seconds, rate, True)


@given(rates, rates, offsets, drifts, st.integers(0, 250_000))
def test_it_is_the_last_frame_before_half_a_frame_after(source_rate, rate, offset, drift, n):
    clip = a_clip(source_rate, offset, drift)
    k = source_frame(clip, rate, n)
    edge = (n + Fraction(1, 2)) / rate.value
    assert position(clip, k) < edge <= position(clip, k + 1)


@given(rates, rates, offsets, drifts, st.integers(0, 100_000), st.integers(1, 60))
def test_time_never_runs_backwards(source_rate, rate, offset, drift, n, more):
    clip = a_clip(source_rate, offset, drift)
    assert source_frame(clip, rate, n) <= source_frame(clip, rate, n + more)


@given(rates, rates, offsets, drifts, st.integers(0, 100_000))
def test_first_programme_frame_is_where_a_source_frame_can_appear(source_rate, rate, offset, drift, k):
    clip = a_clip(source_rate, offset, drift)
    n = first_programme_frame(clip, rate, k)
    assert source_frame(clip, rate, n) >= k > source_frame(clip, rate, n - 1)


@pytest.mark.parametrize("rate", RATES)
def test_equal_rates_map_one_to_one(rate):
    clip = a_clip(FrameRate.parse(rate))
    assert [source_frame(clip, FrameRate.parse(rate), n) for n in range(1000)] == list(range(1000))


@pytest.mark.parametrize(("source", "target", "distinct"), [("25", "30", 250), ("30000/1001", "30", 300), ("60", "30", 300)])
def test_ten_seconds_at_30_show_this_many_different_frames(source, target, distinct):
    shown = [source_frame(a_clip(FrameRate.parse(source)), FrameRate.parse(target), n) for n in range(300)]
    assert len(set(shown)) == distinct
    assert shown[0] == 0


def test_drift_moves_one_hour_by_exactly_its_frames():
    rate = FrameRate.parse(30)
    clip = a_clip(rate, drift=Fraction(100))  # 100 ppm slow clock: after an hour 0.36 s = 10.8 frames behind
    assert source_frame(clip, rate, 108_000) == 108_000 - 11
    assert covered(clip, rate) == (0, 108_011)


def test_a_positive_offset_means_started_later():
    rate = FrameRate.parse(30)
    clip = a_clip(rate, offset=Fraction(2))
    assert source_frame(clip, rate, 60) == 0
    assert source_frame(clip, rate, 59) == -1
