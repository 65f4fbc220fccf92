"""Loudness measured on what was encoded, on material that two-pass loudnorm misses; and sound that cannot be raised."""

import asyncio

import numpy as np
import pytest

from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.presets import AudioCodec
from ruach_studio.render.usecases.master_audio import master_audio, measure

TARGET = AudioCodec()


def speechlike(seconds, level, spread_db, ticks=True, seed=5):
    """Noise in syllables whose level wanders by `spread_db`, with hard ticks: wide dynamics, high peaks."""
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * 48000) / 48000
    syllables = np.abs(np.sin(2 * np.pi * 3.1 * t)) ** 2
    wander = 10 ** (-spread_db / 20 * (0.5 + 0.5 * np.sin(2 * np.pi * t / 7)))
    sound = rng.normal(0, level, len(t)) * syllables * wander
    if ticks:
        for second in range(1, seconds, 5):
            sound[second * 48000 : second * 48000 + 200] = 0.7 * np.sin(2 * np.pi * 4000 * np.arange(200) / 48000)
    return np.repeat(sound[:, None], 2, axis=1).astype(np.float32)


async def mastered(tmp_path, sound):
    raw = tmp_path / "x.f32"
    sound.tofile(raw)
    return await master_audio(raw, TARGET, tmp_path / "x.m4a", asyncio.Event())


@pytest.mark.parametrize(
    ("level", "spread_db"), [(0.02, 18), *(pytest.param(*each, marks=pytest.mark.slow) for each in ((0.08, 6), (0.3, 3)))]
)  # the hardest by default
async def test_the_encoded_track_holds_both_bounds(tmp_path, level, spread_db):
    made = await mastered(tmp_path, speechlike(12, level, spread_db))
    again = await measure(["-i", str(made.path)])
    assert again == made.final.measured
    assert abs(again.lufs + 14) <= 0.5
    assert again.true_peak_dbtp <= -1.0
    assert made.decided.verdict.decision == "pass"
    assert made.trials <= 5


@pytest.mark.parametrize(("sound", "decision"), [(np.zeros((96_000, 2), np.float32), "silent"), (None, "too-quiet")])
async def test_sound_that_cannot_be_raised_is_stated_and_still_delivered(tmp_path, sound, decision):
    made = await mastered(tmp_path, speechlike(8, 0.0004, 0, ticks=False) if sound is None else sound)
    assert made.decided.verdict.decision == decision
    assert made.path.stat().st_size > 1000
    assert made.trials <= 3


async def test_cancelling_leaves_only_the_raw_track(tmp_path):
    speechlike(8, 0.1, 6).tofile(tmp_path / "x.f32")
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Cancelled):
        await master_audio(tmp_path / "x.f32", TARGET, tmp_path / "x.m4a", stop)
    assert [p.name for p in tmp_path.iterdir()] == ["x.f32"]
