from fractions import Fraction

import pytest

from ruach_studio.render.presets import FORMATS, PRESETS, UnknownFormat, preset_named


def test_the_four_formats_are_the_specifications():
    assert FORMATS == ("full_16_9", "short_9_16", "clip_1_1", "thumbnail")
    sizes = {name: (p.width, p.height, p.fit, p.extension, p.content_type) for name, p in PRESETS.items()}
    assert sizes == {
        "full_16_9": (1920, 1080, "pad", "mp4", "video/mp4"),
        "short_9_16": (1080, 1920, "crop", "mp4", "video/mp4"),
        "clip_1_1": (1080, 1080, "crop", "mp4", "video/mp4"),
        "thumbnail": (1920, 1080, "pad", "jpg", "image/jpeg"),
    }


def test_only_the_short_is_limited_and_every_video_is_mastered_alike():
    assert {name: p.max_length_s for name, p in PRESETS.items()} == {
        "full_16_9": None, "short_9_16": Fraction(60), "clip_1_1": None, "thumbnail": None,
    }  # fmt: skip
    for name in FORMATS[:3]:
        audio = preset_named(name).audio
        assert (audio.target_lufs, audio.tolerance_lu, audio.max_true_peak_dbtp) == (-14.0, 0.5, -1.0)
        assert (audio.bit_rate, audio.sample_rate, audio.channels) == (192_000, 48_000, 2)
    assert preset_named("thumbnail").is_still
    assert preset_named("thumbnail").audio is None


def test_an_unknown_format_names_the_four():
    with pytest.raises(UnknownFormat, match="full_16_9, short_9_16, clip_1_1, thumbnail") as caught:
        preset_named("square_1_1")
    assert (caught.value.status, caught.value.exit_code) == (422, 2)
