"""Recordings that jump and stretches that are left out, rendered: the frame's number burnt into each picture, the sound."""

import asyncio
import wave
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.lay_audio import lay_audio

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)


@pytest.fixture(scope="module")
def films(tmp_path_factory, make_film):
    folder = tmp_path_factory.mktemp("films")
    return make_film(folder / "a.mp4", "A", 200), make_film(folder / "b.mkv", "B", 170, fps="25")


async def seen(plan, folder, read_strips):
    picture = await FfmpegRunner().render(plan, folder, lambda _: None, asyncio.Event())
    return read_strips(picture.path)


def jumping(clip, *pieces):
    return {**clip, "pieces": [{"fromMs": at, "offsetMs": offset} for at, offset in pieces]}


async def test_every_frame_around_a_jump_is_the_right_one(films, make_edl, make_clip, read_strips, tmp_path):
    a, b = films
    cameras = {
        "A": [jumping(make_clip(a, frames=200), (0, 0), (2000, 200))],  # 200 ms are missing from frame 60 on
        "B": [jumping(make_clip(b, frames=170, fps="25", drift_ppm=120.0), (0, -400), (3000, -750), (5000, -450.4))],
    }
    plan = plan_render(make_edl([(100, "A"), (180, "B"), (200, "A")], cameras), WIDE)
    found = await seen(plan, tmp_path, read_strips)
    assert found[:60] == [("A", n) for n in range(60)]
    assert found[60:66] == [("A", 59)] * 6
    assert found[66:100] == [("A", n - 6) for n in range(66, 100)]
    assert found[180:] == [("A", n - 6) for n in range(180, 200)]
    assert found == [plan.shown(n) for n in range(200)]
    local = [Fraction(k, 25) for _, k in found[100:180]]  # against the placement itself, not against the plan's arithmetic
    for n, at in enumerate(local, 100):
        offset = Fraction(-3, 4) if at < 5 else Fraction(-4504, 10_000)
        master = offset + at * (1 + Fraction(120, 1_000_000))
        late = Fraction(n, 30) + Fraction(1, 60) - master  # the last picture that begins before the middle of the frame
        assert 0 < late <= Fraction(1, 25) * (1 + Fraction(120, 1_000_000)) or at == Fraction(124, 25)  # held over a loss


async def test_what_is_left_out_is_not_shown_and_nothing_else_is_missing(films, make_edl, make_clip, read_strips, tmp_path):
    a, b = films
    cameras = {"A": [make_clip(a, frames=200)], "B": [make_clip(b, frames=170, fps="25")]}
    wire = make_edl([(50, "A"), (120, "B"), (200, "A")], cameras)
    marks = [{"startFrame": low, "endFrameExclusive": high} for low, high in ((0, 7), (40, 60), (90, 91), (195, 200))]
    wire["tracks"]["omitted"] = marks
    plan = plan_render(wire, WIDE)
    found = await seen(plan, tmp_path, read_strips)
    kept = [*range(7, 40), *range(60, 90), *range(91, 195)]
    assert [k for _, k in found if _ == "A"] == [n for n in kept if n < 50 or n >= 120]
    assert found == [plan.shown(n) for n in range(len(kept))]
    assert len(found) == plan.frames == len(kept) == 167


def recording(path, samples):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def sound_clip(path, seconds, **more):
    return {"path": str(path), "offsetMs": 0.0, "driftPpm": 0.0, "durationMs": seconds * 1000.0, "fps": None, "width": 0,
            "height": 0, "hasAudio": True, "startMs": 0.0, **more}  # fmt: skip


def test_every_sample_comes_from_its_place(make_edl, make_clip, tmp_path):
    place = np.arange(480_000) // 16 % 30_000  # each sample says where in the file it was
    path = recording(tmp_path / "mix.wav", place)
    pieces = [{"fromMs": 0, "offsetMs": 0}, {"fromMs": 4000, "offsetMs": -300}]
    cameras = {
        "A": [make_clip(tmp_path / "a.mp4", frames=280, has_audio=False)],
        "mix": [sound_clip(path, 10, pieces=pieces)],
    }
    wire = make_edl([(280, "A")], cameras, roles={"mix": "audio"}, audio={"programme": "mix", "fallback": []})
    wire["tracks"]["omitted"] = [{"startFrame": 30, "endFrameExclusive": 60}, {"startFrame": 200, "endFrameExclusive": 203}]
    plan = plan_render(wire, WIDE)
    sound = np.fromfile(lay_audio(plan.audio, tmp_path / "x.f32"), np.float32).reshape(-1, 2)[:, 0] * 32768
    assert len(sound) == (280 - 33) * 1600
    for shown in (0, 29, 30, 80, 81, 169, 170, 246):
        programme = plan.timeline.programme_frame(shown)
        first = programme * 1600 + (0 if programme < 111 else 14_400)
        heard = sound[shown * 1600 + 600 : shown * 1600 + 1000]
        assert np.abs(heard - place[first + 600 : first + 1000]).max() < 1.0, shown


def test_a_seam_makes_no_click(make_edl, make_clip, tmp_path):
    tone = 8000 * np.sin(2 * np.pi * 200 * np.arange(480_000) / 48_000 + np.linspace(0, 40, 480_000))
    path = recording(tmp_path / "mix.wav", tone)
    cameras = {"A": [make_clip(tmp_path / "a.mp4", frames=300, has_audio=False)], "mix": [sound_clip(path, 10)]}
    wire = make_edl([(300, "A")], cameras, roles={"mix": "audio"}, audio={"programme": "mix", "fallback": []})
    wire["tracks"]["omitted"] = [{"startFrame": 31 + 40 * i, "endFrameExclusive": 44 + 40 * i} for i in range(6)]
    plan = plan_render(wire, WIDE)
    sound = np.fromfile(lay_audio(plan.audio, tmp_path / "x.f32"), np.float32).reshape(-1, 2)[:, 0] * 32768
    steepest = np.abs(np.diff(tone)).max()
    assert np.abs(np.diff(sound)).max() < 2 * steepest  # cut hard, a seam jumps by up to 76 times that
