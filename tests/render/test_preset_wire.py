import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.render.lettering_style import LetteringStyle
from ruach_studio.render.presets import PRESETS, BadPreset, preset_sha256, preset_to_wire, read_preset

WIDE = {"name": "story", "width": 720, "height": 1280, "fit": "crop", "reframe": "subject", "maxLengthS": 45.5,
        "video": {"speed": "medium", "crf": 18, "gopS": 1}, "audio": {"bitRate": 128000, "targetLufs": -16}}  # fmt: skip


def test_settings_become_a_preset():
    made = read_preset(WIDE)
    assert (made.name, made.width, made.height, made.fit, made.reframe) == ("story", 720, 1280, "crop", "subject")
    assert (made.extension, made.content_type, made.max_length_s) == ("mp4", "video/mp4", Fraction(91, 2))
    assert (made.video.speed, made.video.crf, made.video.gop_s, made.video.encoder) == ("medium", 18, 1, "libx264")
    assert (made.audio.bit_rate, made.audio.target_lufs, made.audio.max_true_peak_dbtp) == (128_000, -16.0, -1.0)
    assert made.follows_subject
    assert made.lettering == LetteringStyle("burn", False, "on", 20)
    karaoke = read_preset({**WIDE, "lettering": {"karaoke": True, "lineCharacters": 18}})
    assert karaoke.lettering == LetteringStyle("burn", True, "on", 18)
    assert read_preset(preset_to_wire(karaoke)) == karaoke


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"name": "Story"}, "name"), ({"name": "../x"}, "name"), ({"name": "a" * 41}, "name"), ({"name": 7}, "name"),
        ({"width": 721}, "width"), ({"width": 62}, "width"), ({"width": 4096, "height": 4096}, "width"),
        ({"width": True}, "width"), ({"width": 720.0}, "width"), ({"fit": "stretch"}, "fit"),
        ({"fit": "pad"}, "reframe"), ({"kind": "audio"}, "kind"), ({"kind": "still"}, "maxLengthS"),
        ({"maxLengthS": 0}, "maxLengthS"), ({"maxLengthS": float("nan")}, "maxLengthS"), ({"vf": "movie=/etc"}, "vf"),
        ({"video": {"speed": "placebo"}}, "video.speed"), ({"video": {"crf": 51}}, "video.crf"),
        ({"video": {"x264-params": "x"}}, "video.x264-params"), ({"video": "fast"}, "video"),
        ({"audio": {"bitRate": 191999}}, "audio.bitRate"), ({"audio": {"targetLufs": -5}}, "audio.targetLufs"),
        ({"audio": {"maxTruePeakDbtp": 0}}, "audio.maxTruePeakDbtp"),
        ({"lettering": {"captions": "on"}}, "lettering.captions"), ({"lettering": {"karaoke": 1}}, "lettering.karaoke"),
        ({"lettering": {"chapters": True}}, "lettering.chapters"), ({"lettering": {"font": "x"}}, "lettering.font"),
        ({"lettering": {"lineCharacters": 61}}, "lettering.lineCharacters"), ({"lettering": "x"}, "lettering"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_or_unknown_is_refused_by_name(change, subject):
    with pytest.raises(BadPreset) as raised:
        read_preset({**WIDE, **change})
    assert raised.value.subject == subject


even = st.integers(32, 1024).map(lambda half: 2 * half)
lengths = st.none() | st.integers(5, 14_400) | st.integers(50, 1000).map(lambda tenths: tenths / 10)


@settings(max_examples=40, deadline=None)
@given(even, even, st.sampled_from(["pad", "crop"]), lengths, st.integers(14, 35), st.integers(-240, -120))
def test_written_and_read_again_it_is_the_same(width, height, fit, length_s, crf, tenths):
    wire = {"name": "x_1", "width": width, "height": height, "fit": fit, "maxLengthS": length_s,
            "video": {"crf": crf}, "audio": {"targetLufs": tenths / 10}}  # fmt: skip
    made = read_preset(wire)
    stored = json.loads(json.dumps(preset_to_wire(made)))
    assert read_preset(stored) == made
    assert preset_sha256(read_preset(stored)) == preset_sha256(made)


def test_the_hash_moves_with_every_setting():
    digests = {preset_sha256(preset) for preset in PRESETS.values()}
    short = PRESETS["short_9_16"]
    for other in (replace(short, width=720), replace(short, reframe="centre"), replace(short, max_length_s=Fraction(59)),
                  replace(short, video=replace(short.video, crf=21))):  # fmt: skip
        digests.add(preset_sha256(other))
    assert len(digests) == 8
