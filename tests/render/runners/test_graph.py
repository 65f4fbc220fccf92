from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.infra.media import MediaInfo, VideoInfo
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, Segment, first_programme_frame
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.footage import Footage
from ruach_studio.render.runners.graph import build_graph, placement, seek_arguments

RATES = [FrameRate.parse(r) for r in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")]
rates = st.sampled_from(RATES)


def evaluate(text: str, n: int) -> int:
    """FFmpeg's `floor(a+N*b)` or `N+c`, in the same double arithmetic."""
    if not text.startswith("floor("):
        return n + int(text[1:])
    base, slope = (float(part) for part in text[6:-1].split("+N*"))
    return int((base + n * slope) // 1)


@settings(max_examples=50)
@given(rates, rates, st.integers(-10_000_000, 10_000_000), st.integers(-500_000, 500_000), st.integers(0, 100_000))
def test_ffmpegs_doubles_give_the_plans_numbers(source_rate, rate, offset_us, drift_milli, start):
    clip = ClipRef(
        "x", Fraction(offset_us, 10**6), Fraction(drift_milli, 1000), Fraction(0), Fraction(7200), source_rate, True
    )
    segment = Segment(start, start + 400, "A", "A", clip)
    first = segment.source_frame_at(rate, start)
    last = segment.source_frame_at(rate, start + 399)
    text = placement(segment, clip, rate, first, last)
    for k in range(first, last + 1):
        assert evaluate(text, k - first) == first_programme_frame(clip, rate, k) - start


def test_a_tie_that_doubles_would_miss_is_met():
    rate, source = FrameRate.parse(30), FrameRate.parse("24000/1001")
    clip = ClipRef("x", Fraction(0), Fraction(0), Fraction(0), Fraction(100), source, True)
    segment = Segment(0, 600, "A", "A", clip)
    text = placement(segment, clip, rate, 0, 450)
    assert first_programme_frame(clip, rate, 400) == 501  # 400 source frames last exactly 500.5 programme frames
    assert evaluate(text, 400) == 501


def media(zero_s: float, container_s: float, run_up_s: int = 0, restamped: bool = False) -> Footage:
    video = VideoInfo(320, 180, FrameRate.parse(30), 300, 0, "h264", "yuv420p", zero_s, 10.0, False)
    return Footage(MediaInfo("x.mp4", 1, 10.0, container_s, video, None), Fraction(run_up_s), restamped=restamped)


@pytest.mark.parametrize(
    ("first", "zero_s", "container_s", "seek", "missing"),
    [
        (30, 0.0, 0.0, "0.983333", Fraction(0)),  # half a frame before frame 30
        (0, 0.0, 0.0, None, Fraction(1, 60)),  # no seek reaches before the start: the filter makes up for it
        (0, 0.5, 0.0, "0.483333", Fraction(0)),  # picture starts half a second after the sound
        (30, 7.0, 7.0, "0.983333", Fraction(0)),  # a container that starts at 7 s: seeks count from there
    ],
)
def test_seeks_land_half_a_frame_before_the_wanted_one(first, zero_s, container_s, seek, missing):
    clip = ClipRef("x.mp4", Fraction(0), Fraction(0), Fraction(0), Fraction(10), FrameRate.parse(30), True)
    arguments, early = seek_arguments(clip, first, first + 59, media(zero_s, container_s))
    assert (arguments[arguments.index("-ss") + 1] if "-ss" in arguments else None) == seek
    assert early == missing
    assert arguments[-2:] == ["-i", "x.mp4"]


@pytest.mark.parametrize(("first", "early"), [(0, Fraction(1, 60)), (90, -Fraction(179, 60)), (450, Fraction(-10))])
def test_where_ffmpeg_counts_from_the_picture_the_sounds_lead_does_not_count(first, early):
    clip = ClipRef("x.ts", Fraction(0), Fraction(0), Fraction(0), Fraction(60), FrameRate.parse(30), True)
    assert seek_arguments(clip, first, first + 29, media(1.75, 1.5, run_up_s=10, restamped=True))[1] == early


def test_without_an_index_reading_begins_ten_seconds_early_or_at_the_start():
    clip = ClipRef("x.ts", Fraction(0), Fraction(0), Fraction(0), Fraction(60), FrameRate.parse(30), True)
    arguments, early = seek_arguments(clip, 450, 479, media(1.5, 1.5, run_up_s=10))
    assert (arguments[arguments.index("-ss") + 1], early) == ("4.983333", -10)
    assert arguments[arguments.index("-t") + 1] == "11.500000"
    arguments, early = seek_arguments(clip, 90, 119, media(1.5, 1.5, run_up_s=10))
    assert "-ss" not in arguments
    assert early == -Fraction(179, 60)


@pytest.mark.parametrize(
    ("name", "size", "changed", "scaled"),
    [
        ("full_16_9", (320, 180), {}, False),
        ("full_16_9", (320, 180), {"width": 322}, True),
        ("full_16_9", (320, 180), {"height": 178}, True),
        ("full_16_9", (320, 180), {"rotation": 180}, True),
        ("full_16_9", (320, 180), {"pix_fmt": "yuv420p10le"}, True),
        ("full_16_9", (320, 180), {"full_range": True}, True),
        ("full_16_9", (320, 180), {"square_pixels": False}, True),
        ("clip_1_1", (180, 180), {}, False),
        ("clip_1_1", (180, 180), {"width": 180}, False),
        ("clip_1_1", (180, 180), {"height": 182}, True),
        ("clip_1_1", (180, 180), {"rotation": 90}, True),
        ("short_9_16", (180, 320), {}, True),
    ],
)
def test_only_a_picture_of_the_very_size_and_form_goes_without_a_scaler(name, size, changed, scaled):
    known = media(0.0, 0.0)
    of_video = {k: v for k, v in changed.items() if k in VideoInfo.__slots__}
    info = replace(known.info, video=replace(known.info.video, **of_video))
    known = replace(known, info=info, **{k: v for k, v in changed.items() if k not in of_video})
    clip = ClipRef("x.mp4", Fraction(0), Fraction(0), Fraction(0), Fraction(10), FrameRate.parse(30), True)
    preset = replace(PRESETS[name], width=size[0], height=size[1])
    text = build_graph([Segment(0, 60, "A", "A", clip)], FrameRate.parse(30), preset, {"x.mp4": known}).text
    assert ("scale=" in text, "crop=" in text, ",pad=" in text) == (
        scaled,
        preset.fit == "crop",
        scaled and preset.fit == "pad",
    )
