"""The makers of sound keep their own truth: delays, levels, clocks and lengths are what they say."""

import numpy as np
import pytest
from scipy.signal import correlate

from ruach_studio.testing.scene import recorder
from ruach_studio.testing.scene.microphone import hear
from ruach_studio.testing.scene.room import Path, carry, distance
from ruach_studio.testing.scene.voices import RATE, babble, conversation, utterances

DRY = Path(0.0, 0.0, 0.0, 60.0)


@pytest.fixture(scope="module")
def stem():
    return conversation(20.0, 1, 5)[0]


def arrival_s(sound, reference, rate=RATE):
    """Return how much later `sound` is, to a fraction of a sample."""
    score = correlate(sound, reference, "full", "fft")
    top = int(np.argmax(score))
    before, here, after = score[top - 1 : top + 2]
    return (top + 0.5 * (before - after) / (before - 2 * here + after) - len(reference) + 1) / rate


def test_the_same_seed_speaks_the_same_and_another_seed_does_not():
    one, again, other = conversation(8.0, 3, 1), conversation(8.0, 3, 1), conversation(8.0, 3, 2)
    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    assert sum(stem.any() for stem in one) >= 1
    assert all(len(stem) == 8 * RATE for stem in one)


def test_each_person_has_a_level_and_a_voice_of_their_own():
    for person in (0, 1, 2, 5):
        assert recorder.rms(utterances(person)[0]) == pytest.approx(0.08, rel=0.02)
    low, high = utterances(0)[0], utterances(2)[0]  # the same line, 12 % lower and slower
    assert len(high) > 1.1 * len(low)


@pytest.mark.parametrize("delay_s", [0.0, 0.0043, 0.01 + 0.37 / RATE])
def test_a_path_delays_by_what_it_says(stem, delay_s):
    arrived = carry(stem, Path(-6.0, delay_s, 0.0, 60.0), RATE, 1)
    assert arrival_s(arrived, stem) == pytest.approx(delay_s, abs=0.1 / RATE)
    assert recorder.rms(arrived) == pytest.approx(recorder.rms(stem) / 10 ** (6 / 20), rel=0.02)


def test_a_metre_is_2_9_ms_and_a_doubling_6_db():
    assert distance(1.0).delay_s == pytest.approx(0.0029, abs=0.0001)
    assert distance(2.0).level_db - distance(1.0).level_db == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("reverb_s", [0.3, 0.8])
def test_the_tail_dies_by_60_db_in_its_time(reverb_s):
    click = np.zeros(2 * RATE, np.float32)
    click[100] = 1.0
    rung = carry(click, Path(0.0, 0.0, reverb_s, 0.0), RATE, 3)
    early, late = (recorder.rms(rung[round((0.05 + k * reverb_s / 2) * RATE) :][: RATE // 20]) for k in (0, 1))
    assert 20 * np.log10(early / late) == pytest.approx(30.0, abs=3.0)


@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_recording_lies_where_its_truth_says(stem, rate):
    heard = hear([stem], [Path(0.0, 0.005, 0.2, 20.0)], seed=1, offset_s=4.0, drift_ppm=200.0, seconds=12.0, rate=rate)
    assert (heard.drift_ppm, len(heard.sound), heard.rate) == (200.0, 12 * rate, rate)
    assert heard.offset_s == pytest.approx(3.995)
    level = recorder.on_clock(heard.sound, rate, new_rate=RATE)
    for local_s in (1.0, 9.0):
        piece = level[round(local_s * RATE) : round((local_s + 2) * RATE)]
        said = heard.said_s(local_s)
        found = arrival_s(stem[round(said * RATE) - 400 : round(said * RATE) + 2 * RATE + 400], piece)
        assert found == pytest.approx(400 / RATE, abs=0.0003)


def test_levels_after_each_effect(stem):
    assert recorder.rms(recorder.gained(stem, -12.0)) == pytest.approx(recorder.rms(stem) / 3.981, rel=0.001)
    added = recorder.noisy(stem, seed=1, snr_db=-10.0) - stem
    assert 20 * np.log10(recorder.rms(added) / recorder.rms(stem)) == pytest.approx(10.0, abs=0.1)
    assert np.abs(recorder.clipped(stem, 40.0)).max() == 1.0
    quiet = recorder.gained(stem, -20.0)
    levelled = recorder.automatic_gain(np.concatenate((stem, quiet)), RATE)
    halves = [recorder.rms(part) for part in (levelled[5 * RATE : len(stem)], levelled[len(stem) + 5 * RATE :])]
    assert abs(20 * np.log10(halves[0] / halves[1])) < 3.0  # 20 dB apart before
    spectrum = np.abs(np.fft.rfft(recorder.band_limited(stem, RATE))) ** 2
    assert spectrum[: len(stem) * 100 // RATE].sum() < 1e-4 * spectrum.sum()


def test_what_is_lost_or_doubled_moves_what_follows(stem):
    lost, twice = recorder.drop(stem, RATE, 8.0, 0.2), recorder.doubled(stem, RATE, 8.0, 0.2)
    np.testing.assert_array_equal(lost[8 * RATE :], stem[round(8.2 * RATE) :])
    np.testing.assert_array_equal(twice[round(8.2 * RATE) :], stem[8 * RATE :])
    np.testing.assert_array_equal(recorder.late_start(stem, RATE, 1.5), stem[round(1.5 * RATE) :])


def test_aac_comes_back_in_place(stem):
    assert arrival_s(recorder.through_aac(stem, RATE), stem) == pytest.approx(0.0, abs=0.2 / RATE)


def test_babble_and_music_have_an_rms_of_one_and_music_repeats():
    loop = recorder.music_loop(8.0, RATE, 3)
    np.testing.assert_allclose(loop[: 2 * RATE], loop[2 * RATE : 4 * RATE], atol=1e-6)
    assert recorder.rms(loop) == pytest.approx(1.0, rel=0.01)
    assert recorder.rms(babble(6.0, 4, 1)) == pytest.approx(1.0, rel=0.01)
