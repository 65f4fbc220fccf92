"""What a camera's sound is worth: each fault lowers the score and is named; the best becomes master and programme sound."""

import numpy as np
import pytest

from ruach_studio.assembly.digest import AudioDigest, DigestBuilder
from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.sound_quality import SoundQuality, assess, programme_order, propose_master
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing.scene import recorder
from ruach_studio.testing.scene.voices import RATE, conversation

OUT = 48_000


@pytest.fixture(scope="module")
def voice():
    """A minute of a person with pauses, at 48 kHz with some sound above 8 kHz, as a good microphone hears it."""
    wide = recorder.on_clock(conversation(60.0, 1, 4, gap_s=(0.5, 1.5))[0], RATE, new_rate=OUT)
    bright = np.random.default_rng(1).standard_normal(len(wide), dtype=np.float32) * np.abs(wide) * np.float32(0.3)
    return recorder.gained(wide + bright, 0.0)


def digest(sound):
    builder = DigestBuilder(OUT, 1)
    chunks = [builder.feed(sound[at : at + OUT, None]) for at in range(0, len(sound), OUT)] + [builder.finish()]
    pcm, power = (np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("pcm8k", "power10ms"))
    return AudioDigest(OUT, 1, len(sound) / OUT, pcm, power, builder.facts)


def telephone(sound):
    for _ in range(4):  # as steep as a telephone's filter
        sound = recorder.band_limited(sound, OUT)
    return sound


def quality(sound, name="A"):
    return assess(name, [digest(sound)])


def test_a_good_recording_scores_high_and_says_why(voice):
    found = quality(recorder.noisy(voice, seed=1, floor_dbfs=-66.0))
    assert found.score > 0.65
    assert found.floor_dbfs == pytest.approx(-66.0, abs=0.7)
    assert found.level_dbfs == pytest.approx(-22.0, abs=2.0)
    assert found.bandwidth_hz > 10_000
    assert (found.clipped_share, len(found.reasons)) == (0.0, 3)


@pytest.mark.parametrize("floor_dbfs", [-60.0, -45.0, -35.0])
def test_the_noise_floor_is_measured_in_the_pauses(voice, floor_dbfs):
    assert quality(recorder.noisy(voice, seed=1, floor_dbfs=floor_dbfs)).floor_dbfs == pytest.approx(floor_dbfs, abs=0.7)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (lambda s: recorder.gained(s, -18.0), "dBFS"),
        (lambda s: recorder.noisy(s, seed=2, floor_dbfs=-35.0), "noise floor"),
        (lambda s: recorder.clipped(s, 18.0), "clipped"),
        (lambda s: telephone(s), "nothing above"),
    ],
)
def test_each_fault_costs_and_is_named(voice, fault, word):
    clean = recorder.noisy(voice, seed=1, floor_dbfs=-66.0)
    good, bad = quality(clean), quality(fault(clean))
    assert bad.score < good.score - 0.1
    assert any(word in reason for reason in bad.reasons)


def test_clipping_and_bandwidth_are_measured(voice):
    driven = recorder.clipped(voice, 18.0)
    found = quality(driven)
    assert found.clipped_share == pytest.approx(float(np.mean(np.abs(driven) >= 0.999)), rel=0.001)
    assert found.headroom_db == pytest.approx(0.0, abs=0.01)
    assert quality(telephone(voice)).bandwidth_hz == pytest.approx(4500, rel=0.25)


def test_silence_and_no_sound_are_worth_nothing():
    for digests in ([], [digest(np.zeros(OUT, np.float32))]):
        assert (assess("A", digests).score, assess("A", digests).reasons) == (0.0, ("there is no sound",))


def camera(name, role="camera", seconds=600.0):
    fps = None if role == "audio" else FrameRate.parse(25)
    return Camera(name, (Clip(f"{name}.mp4", seconds, fps, 64, 36, has_audio=True),), role)


def scored(**scores):
    return [SoundQuality(name, score, -20.0, -60.0, 3.0, 0.0, 12000.0, ()) for name, score in scores.items()]


@pytest.mark.parametrize(
    ("scores", "lengths", "master"),
    [
        ({"A": 0.5, "B": 0.8, "W": 0.9}, {}, "B"),  # the wide only if there is no other
        ({"A": 0.78, "B": 0.8, "W": 0.9}, {}, "A"),  # nearly as good and earlier
        ({"A": 0.5, "B": 0.8, "W": 0.9}, {"B": 300.0}, "A"),  # recorded half of it
        ({"A": 0.0, "B": 0.8, "W": 0.9}, {"B": 300.0}, "B"),  # the longer one has no sound
        ({}, {}, "A"),
    ],
)
def test_the_master_is_the_best_sounding_full_length_camera(scores, lengths, master):
    cameras = (camera("A"), camera("B", seconds=lengths.get("B", 600.0)), camera("W", "wide"), camera("L", "audio", 900.0))
    assert propose_master(SessionSources(cameras), scored(**scores, L=1.0)) == master


@pytest.mark.parametrize(
    ("scores", "part", "order"),
    [
        ({"A": 0.6, "B": 0.8, "L": 0.4, "M": 0.7}, "", "MLBA"),  # audio tracks first, better first
        ({"A": 0.78, "B": 0.8, "L": 0.4, "M": 0.7}, "", "MLAB"),  # the master if it is nearly as good
        ({"A": 0.6, "B": 0.8, "L": 0.4, "M": 0.7}, "BM", "MLAB"),  # a camera that missed the start: the sound would change
        ({}, "", "LMAB"),  # nothing is known: audio tracks, the master, the rest
    ],
)
def test_a_mixer_or_lavalier_beats_a_camera_and_then_the_better_sound(scores, part, order):
    roles = {"B": "camera", "A": "camera", "L": "audio", "M": "audio"}
    assert "".join(programme_order(roles, scored(**scores), "A", part)) == order
