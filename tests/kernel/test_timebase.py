"""NTSC rates are exact, boundaries round one way, drop-frame timecode counts as SMPTE 12M says."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate, clock_text, round_half_up

NTSC = FrameRate.parse("30000/1001")
RATES = st.sampled_from(
    [FrameRate.parse(r) for r in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")]
)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("30", Fraction(30)), ("29.97", Fraction(30000, 1001)), (29.97, Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)), (Fraction(2997003, 100000), Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)), ("30000/1001", Fraction(30000, 1001)), ("12.5", Fraction(25, 2)),
    ],
)  # fmt: skip
def test_rates_are_exact(text, exact):
    assert FrameRate.parse(text).value == exact


@pytest.mark.parametrize("text", ["0", "-25", "abc", "1/0"])
def test_an_impossible_rate_is_refused(text):
    with pytest.raises((ValueError, ZeroDivisionError)):
        FrameRate.parse(text)


@given(RATES, st.integers(0, 10_000_000))
def test_a_frame_survives_the_way_to_time_and_back(rate, frame):
    assert rate.frame_at(rate.seconds(frame)) == frame
    assert rate.frame_at_ms(rate.milliseconds(frame)) == frame


@given(st.fractions(-1000, 1000))
def test_half_goes_up(value):
    nearest = round_half_up(value)
    assert -Fraction(1, 2) < nearest - value <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("frame", "code"),
    [(0, "00:00:00;00"), (1799, "00:00:59;29"), (1800, "00:01:00;02"), (17981, "00:09:59;29"), (17982, "00:10:00;00"),
     (107892, "01:00:00;00")],
)  # fmt: skip
def test_drop_frame_timecode(frame, code):
    assert NTSC.timecode(frame) == code


def test_plain_timecode():
    assert FrameRate.parse(25).timecode(25 * 3661 + 7) == "01:01:01:07"


@pytest.mark.parametrize(
    ("seconds", "text"), [(872, "14:32"), (3725.3, "1:02:05.3"), (0.04, "0:00"), (59.96, "1:00"), (61.5, "1:01.5")]
)
def test_clock_text(seconds, text):
    assert clock_text(seconds) == text
