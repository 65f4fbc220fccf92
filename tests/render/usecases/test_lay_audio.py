"""Ticks in the recordings must sound at their place on the master clock, to the sample, and fades must keep the power."""

import subprocess
import sys
import threading
import wave
from fractions import Fraction

import numpy as np
import pytest

from ruach_studio.infra.media import run
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.plan import AudioPlan, AudioSpan, ClipRef
from ruach_studio.render.usecases.lay_audio import lay_audio

TICK = np.hanning(65) * np.cos(2 * np.pi * 6000 * (np.arange(65) - 32) / 48000)


@pytest.fixture
def record(tmp_path):
    def make(name, samples, rate=48000):
        path = tmp_path / name
        with wave.open(str(path), "wb") as out:
            out.setnchannels(samples.shape[1])
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        return path

    return make


def ticked(seconds, at, rate=48000, channels=1):
    sound = np.zeros((int(seconds * rate), channels))
    pulse = np.hanning(65) * np.cos(2 * np.pi * 6000 * (np.arange(65) - 32) / rate)
    for second in at:
        centre = round(second * rate)
        sound[centre - 32 : centre + 33] += 0.5 * pulse[:, None]
    return sound


def a_clip(path, offset="0", drift="0", seconds="10"):
    return ClipRef(str(path), Fraction(offset), Fraction(drift), Fraction(0), Fraction(seconds), None, True)


def laid(plan, tmp_path):
    return np.fromfile(lay_audio(plan, tmp_path / "x.f32"), np.float32).reshape(-1, 2)


def tick_at(sound, near_s):
    """Return the sub-sample position of the tick near `near_s` seconds, in samples."""
    lo = int(near_s * 48000) - 200
    match = np.abs(np.correlate(sound[lo : lo + 400, 0], TICK, "same"))
    i = int(np.argmax(match))
    a, b, c = match[i - 1 : i + 2]
    return lo + i + 0.5 * (a - c) / (a - 2 * b + c)


@pytest.mark.parametrize(("offset", "drift"), [("0", "0"), ("-0.75", "0"), ("0.3", "200"), ("-1.000125", "-80.5")])
def test_ticks_sound_at_their_master_time(record, tmp_path, offset, drift):
    path = record("a.wav", ticked(10, [2.0, 5.0, 8.5]))
    clip = a_clip(path, offset, drift)
    plan = AudioPlan(Fraction(0), 480_000, (AudioSpan(0, 480_000, "A", clip),), ())
    sound = laid(plan, tmp_path)
    assert sound.shape == (480_000, 2)
    for local in (2, 5, 8.5):
        master = float(clip.offset_s + Fraction(local) * clip.stretch)
        assert abs(tick_at(sound, master) - master * 48000) < 1.0  # a sample is 0.02 ms


def test_another_rate_is_resampled_in_place(record, tmp_path):
    clip = a_clip(record("a.wav", ticked(10, [4.0], rate=44100), rate=44100))
    sound = laid(AudioPlan(Fraction(0), 480_000, (AudioSpan(0, 480_000, "A", clip),), ()), tmp_path)
    assert abs(tick_at(sound, 4.0) - 192_000) < 1.0


def test_a_window_in_the_middle_starts_its_own_count(record, tmp_path):
    clip = a_clip(record("a.wav", ticked(10, [6.0])))
    sound = laid(AudioPlan(Fraction(5), 96_000, (AudioSpan(0, 96_000, "A", clip),), ()), tmp_path)
    assert sound.shape == (96_000, 2)
    assert abs(tick_at(sound, 1.0) - 48_000) < 1.0


def test_a_hand_over_keeps_the_power_and_makes_no_click(record, tmp_path):
    rng = np.random.default_rng(3)
    one, two = (record(f"{i}.wav", rng.normal(0, 0.1, (480_000, 2))) for i in range(2))
    spans = (
        AudioSpan(0, 240_480, "A", a_clip(one), fade_out=480),
        AudioSpan(240_000, 480_000, "B", a_clip(two), fade_in=480),
    )
    sound = laid(AudioPlan(Fraction(0), 480_000, spans, ()), tmp_path)
    powers = [float((sound[i : i + 480] ** 2).mean()) for i in range(230_000, 250_000, 480)]
    assert max(powers) < 1.4 * np.mean(powers)
    assert min(powers) > 0.6 * np.mean(powers)


def test_a_gap_is_silence_and_mono_sounds_on_both_sides(record, tmp_path):
    clip = a_clip(record("a.wav", np.full((480_000, 1), 0.25)))
    plan = AudioPlan(Fraction(0), 480_000, (AudioSpan(96_000, 192_000, "A", clip, fade_in=480, fade_out=480),), ())
    sound = laid(plan, tmp_path)
    assert not sound[:96_000].any()
    assert not sound[192_000:].any()
    assert np.allclose(sound[100_000:190_000], 0.25, atol=1e-3)


LAYS_TWO = """
import sys
from fractions import Fraction
from pathlib import Path
from ruach_studio.render.plan import AudioPlan, AudioSpan, ClipRef
from ruach_studio.render.usecases.lay_audio import lay_audio
from ruach_studio.testing.memory import peak_resident_bytes

for path in sys.argv[1:]:
    seconds = int(Path(path).stem)
    clip = ClipRef(path, Fraction(0), Fraction(0), Fraction(0), Fraction(seconds), None, True)
    span = AudioSpan(0, 48_000 * seconds, "A", clip)
    lay_audio(AudioPlan(Fraction(0), 48_000 * seconds, (span,), ()), Path(path).with_suffix(".f32"))
    print(peak_resident_bytes())
"""


def test_memory_does_not_grow_with_the_length(record):
    paths = [record(f"{seconds}.wav", np.zeros((48_000 * seconds, 2))) for seconds in (10, 250)]
    said = subprocess.run([sys.executable, "-c", LAYS_TWO, *paths], check=True, capture_output=True, text=True)
    short, long = (int(line) for line in said.stdout.split())
    assert long < 1.2 * short  # resident at most; the longer track is 96 MB, about as much as all the rest


def test_cancelling_leaves_no_file(record, tmp_path):
    stop = threading.Event()
    stop.set()
    clip = a_clip(record("a.wav", ticked(10, [4.0])))
    with pytest.raises(Cancelled):
        lay_audio(AudioPlan(Fraction(0), 480_000, (AudioSpan(0, 480_000, "A", clip),), ()), tmp_path / "x.f32", stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav"]


async def test_surround_is_mixed_down_by_its_positions_and_the_lfe_left_out(tmp_path):
    film = tmp_path / "six.wav"
    levels = "0.01|0.02|0.04|0.5|0.08|0.16"  # FL FR FC LFE BL BR
    await run(["-f", "lavfi", "-i", f"aevalsrc={levels}:s=48000:d=10:c=5.1", "-c:a", "pcm_f32le", str(film)])
    plan = AudioPlan(Fraction(0), 96_000, (AudioSpan(0, 96_000, "A", a_clip(film)),), ())
    half = 0.5**0.5
    np.testing.assert_allclose(laid(plan, tmp_path)[48_000], [0.01 + half * 0.12, 0.02 + half * 0.2], atol=1e-4)


def test_a_recorders_four_tracks_are_equals(record, tmp_path):
    clip = a_clip(record("poly.wav", np.repeat([[0.1, 0.2, 0.3, 0.2]], 480_000, axis=0)))
    plan = AudioPlan(Fraction(0), 96_000, (AudioSpan(0, 96_000, "A", clip),), ())
    np.testing.assert_allclose(laid(plan, tmp_path)[48_000], [0.2, 0.2], atol=1e-3)
