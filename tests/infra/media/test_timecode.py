"""Start timecode as cameras and sound recorders write it, from files that FFmpeg made."""

from fractions import Fraction

import pytest

from ruach_studio.infra.media import probe
from ruach_studio.infra.media.timecode import timecode_seconds
from ruach_studio.kernel.timebase import FrameRate


@pytest.mark.parametrize(
    ("rate", "text", "seconds"),
    [
        ("25", "10:00:03:12", 36003.48),
        ("30000/1001", "01:00:00;00", 3600.0 - 0.0036),  # drop-frame keeps to the wall within 4 ms an hour
        ("30000/1001", "01:00:00:00", 3603.6),  # non-drop runs behind it
        ("24000/1001", "00:00:01:00", 1.001),
    ],
)
@pytest.mark.parametrize("suffix", ["mov", "mp4"])
def test_a_tmcd_track_gives_the_time_of_day(make, picture, rate, text, seconds, suffix):
    source = ["-f", "lavfi", "-i", f"testsrc=s=64x64:r={rate}:d=1"]
    info = probe(make(f"t.{suffix}", *source, "-c:v", "libx264", "-timecode", text))
    assert info.timecode == text
    assert info.timecode_s == pytest.approx(seconds, abs=1e-3)


def test_a_broadcast_wave_gives_samples_since_midnight(make):
    info = probe(make("b.wav", "-i", "{wav}", "-write_bext", "1", "-metadata", "time_reference=1728000000"))
    assert info.timecode_s == pytest.approx(36000.0)
    assert info.timecode == "1728000000 samples"


def test_a_file_without_timecode_has_none(make, picture):
    info = probe(make("v.mp4", *picture, "-c:v", "libx264"))
    assert (info.timecode, info.timecode_s) == (None, None)


@pytest.mark.parametrize("text", ["", "noon", "24:00:00:00", "10:60:00:00", "10:00:61:00", "10:00:00:25", "10:00:00"])
def test_what_is_no_timecode_is_none(text):
    assert timecode_seconds(text, FrameRate.parse(25)) is None


def test_every_drop_frame_number_counts_on_by_one():
    rate = FrameRate(Fraction(30000, 1001))
    for frame in (0, 1, 1799, 1800, 17981, 17982, 107892, 1_000_000):
        assert timecode_seconds(rate.timecode(frame), rate) == pytest.approx(float(rate.seconds(frame)), abs=1e-9)
