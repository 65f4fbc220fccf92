"""Every rate that cameras have, cut together and delivered: each frame, and picture against sound at the very end."""

import asyncio
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from ruach_studio.infra.media import decode_audio, run
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.produce import draw, finish

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
RATES = {"A": "30", "B": "24", "C": "25", "D": "30000/1001", "E": "50", "F": "60000/1001", "G": "24000/1001"}
OFFSETS_MS = {"A": 0, "B": -312.5, "C": 87.3, "D": 1201.25, "E": -40, "F": 411, "G": -700.4}
SECONDS = 12
TICKS_S = (3.0, 6.0, 11.2)
TICK = np.hanning(240) * np.sin(2 * np.pi * 3000 * np.arange(240) / 48000)


def ticking():
    """Sound of the master: noise at -40 dBFS and a tick centred on each of TICKS_S."""
    sound = np.random.default_rng(4).normal(0, 0.01, (48_000 * SECONDS, 2))
    for at in TICKS_S:
        sound[round(at * 48_000) - 120 : round(at * 48_000) + 120] += 0.5 * TICK[:, None]
    return sound.astype(np.float32)


def heard(path, near_s):
    """Return when the tick near `near_s` sounds in a file, by its own clock."""
    track = np.concatenate([np.zeros(0), *(block.samples[:, 0] for block in decode_audio(path))])
    lo = round((near_s - 0.1) * 48_000)
    match = np.abs(np.correlate(track[lo : lo + 9_600], TICK, "valid"))
    return (lo + int(match.argmax()) + 120) / 48_000


@pytest.mark.slow
@pytest.mark.parametrize("fps", ["30/1", "30000/1001"])
async def test_any_rates_cut_together_show_each_planned_frame_and_end_in_time(
    fps, make_film, make_clip, make_edl, read_strips, tmp_path
):
    cameras = {}
    for letter, rate in RATES.items():
        count = int(SECONDS * Fraction(rate))
        sound = ticking() if letter == "A" else None
        film = make_film(tmp_path / f"{letter}.mp4", letter, count, fps=rate, keyint=48, sound=sound)
        cameras[letter] = [make_clip(film, frames=count, fps=rate, offset_ms=OFFSETS_MS[letter], has_audio=letter == "A")]
    total = int((SECONDS - 1) * Fraction(fps)) + int(Fraction(fps) / 2)
    ends = [total * (i + 1) // 21 for i in range(21)]
    plan = plan_render(make_edl([(end, "ABCDEFG"[i % 7]) for i, end in enumerate(ends)], cameras, fps=fps), WIDE)
    stop = asyncio.Event()
    drawn = await draw(plan, FfmpegRunner(), tmp_path / "work", lambda _: None, stop)
    made = await finish(plan, drawn, tmp_path / "work", stop)
    found = read_strips(made.path)
    assert found == [plan.shown(i) for i in range(total)]
    with av.open(str(made.path)) as opened:
        picture_s, sound_s = (float(s.duration * s.time_base) for s in (opened.streams.video[0], opened.streams.audio[0]))
        zero_s = float(opened.streams.video[0].start_time * opened.streams.video[0].time_base)
    assert abs(picture_s - plan.duration_s) < 1e-3
    assert abs(sound_s - picture_s) < 0.010
    for at in TICKS_S:
        assert abs(heard(made.path, at) - at - zero_s) < 0.002


@pytest.mark.slow
@pytest.mark.parametrize("container", ["mp4", "mkv"])
async def test_a_wandering_rate_becomes_constant_each_frame_at_the_time_it_was_taken(
    container, make_film, make_clip, make_edl, read_strips, tmp_path
):
    """A telephone: 30 a second on paper, in the dark down to 15, and never evenly."""
    plain = make_film(tmp_path / "plain.mp4", "A", 600, keyint=60)
    film = tmp_path / f"phone.{container}"
    dark = "select='if(between(mod(n,200),80,160),not(mod(n,2)),not(between(mod(n,17),5,6)))'"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "14", "-g", "90"]
    await run(["-i", str(plain), "-vf", dark, "-fps_mode", "vfr", *encode, str(film)])
    kept = [n for n in range(600) if (n % 2 == 0 if 80 <= n % 200 <= 160 else n % 17 not in (5, 6))]
    cuts = [(57 * (i + 1), "PA"[i % 2]) for i in range(10)]
    cameras = {"A": [make_clip(plain, frames=600)], "P": [make_clip(film, frames=600)]}
    plan = plan_render(make_edl(cuts, cameras), WIDE)
    picture = await FfmpegRunner().render(plan, tmp_path / "work", lambda _: None, asyncio.Event())
    for i, seen in enumerate(read_strips(picture.path)):
        camera, frame = plan.shown(i)
        latest = max(k for k in kept if k <= frame) if camera == "P" else frame
        assert seen == ("A", latest), (i, camera, frame)
