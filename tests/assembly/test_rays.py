"""Speakers are found as rays, whatever the gains and however strong the bleed; the voices are calibrated by them."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.calibration import calibrate_levels
from ruach_studio.assembly.calibration_rays import calibrate_by_rays
from ruach_studio.assembly.rays import distance_db, rays_of

# Level of speaker j (column) at microphone i (row), dB re his own: C's microphone hears A almost as loud as C.
HEARD = np.array([[0.0, -11.0, -7.5, -5.0], [-9.0, 0.0, -9.0, -12.0], [-1.0, -5.0, 0.0, -8.0], [-6.0, -10.0, -7.0, 0.0]])
FLOOR = -65.0


def talk(heard=HEARD, *, gains=(0.0, 0.0, 0.0, 0.0), speakers=(0, 1, 2, 3), seed=1, rounds=10):
    """Return dBFS of turns of 6 s, each speaker in turn, after each a pause and 1.5 s of two at once."""
    rng = np.random.default_rng(seed)
    rows, who = [], []
    for n in range(rounds * len(speakers)):
        now = speakers[n % len(speakers)]
        then = speakers[(n + 1 + int(rng.integers(len(speakers) - 1 or 1))) % len(speakers)]
        for people, length in (((now,), 60), ((), 10), ((now, then), 15)):
            pace, phase = rng.uniform(0.6, 1.3, len(people)), rng.uniform(0, 6, len(people))
            syllables = 6.0 * np.sin(np.arange(length)[:, None] * pace + phase)
            loudness = -22.0 + rng.uniform(-4, 4, len(people)) + syllables + rng.normal(0, 2.0, (length, len(people)))
            power = np.full((length, heard.shape[0]), 10 ** (FLOOR / 10))
            for k, p in enumerate(people):
                power += 10 ** ((loudness[:, [k]] + heard[:, p]) / 10)
            rows.append(10 * np.log10(power) + rng.normal(0, 0.4, power.shape))
            who += [people[0] if len(people) == 1 else -1] * length
    return np.vstack(rows) + np.array(gains)[: heard.shape[0]], np.array(who)


def ratio_db(voices, gains=(0.0, 0.0, 0.0, 0.0)):
    """Return how each speaker is heard everywhere re his own microphone, in dB, gains taken off."""
    own = np.array([mic.own_dbfs for mic in voices.mics]) - np.array(gains)
    return 10 * np.log10(voices.bleed) + own[:, None] - own


def learned(raw):
    return calibrate_by_rays(raw, [(name, name) for name in "ABCD"[: raw.shape[1]]], 0.1, 18_000)


@pytest.mark.parametrize("gains", [(0.0, 0.0, 0.0, 0.0), (-12.0, 0.0, -4.0, 7.0), (9.0, -9.0, 0.0, -6.0)])
def test_own_levels_and_bleed_are_found_whatever_the_gains(gains):
    raw, who = talk(gains=gains)
    voices = learned(raw)
    own = np.array([mic.own_dbfs for mic in voices.mics])
    assert own - np.array(gains) == pytest.approx(np.full(4, own[0] - gains[0]), abs=3.0)
    assert ratio_db(voices, gains) == pytest.approx(HEARD, abs=0.6)
    assert voices.apart_db == pytest.approx(distance_db(HEARD.T, HEARD.T)[np.triu_indices(4, 1)].min(), abs=0.3)
    for j in range(4):
        alone = voices.relative_db[who == j]
        assert (alone.argmax(axis=1) == j).mean() > 0.99
        assert -6.0 < np.median(alone[:, j]) < 0.5
        assert np.median(np.delete(alone, j, axis=1), axis=0).max() < -15.0


@pytest.mark.parametrize("silent", range(4))
def test_a_microphone_whose_speaker_says_nothing_gets_no_ray(silent):
    speaking = tuple(s for s in range(4) if s != silent)
    raw, who = talk(speakers=speaking, gains=(3.0, -8.0, 0.0, -3.0))
    voices = learned(raw)
    assert [mic.own_s > 0 for mic in voices.mics] == [s != silent for s in range(4)]
    for j in speaking:
        assert (voices.relative_db[who == j].argmax(axis=1) == j).mean() > 0.99


def test_a_recorder_that_stops_does_not_teach():
    raw, _ = talk()
    raw[1500:2500, 1] = np.nan
    voices = learned(raw)
    assert ratio_db(voices) == pytest.approx(HEARD, abs=0.6)
    assert not voices.recording[2000, 1]
    assert np.isfinite(voices.relative_db).all()


@pytest.mark.parametrize(
    "raw", [np.full((300, 3), -60.0), np.random.default_rng(1).normal(-60, 1, (4, 3)), talk(speakers=(1,))[0]]
)
def test_where_nothing_tells_speakers_apart_the_leads_teach_instead(raw):
    names = [(name, name) for name in "ABCD"[: raw.shape[1]]]
    assert learned(raw).apart_db is None
    assert learned(raw).mics == calibrate_levels(raw, names, 0.1, 18_000).mics


@settings(max_examples=6, deadline=None)
@given(order=st.sampled_from(list(permutations(range(4)))), gains=st.lists(st.floats(-15, 15), min_size=4, max_size=4))
def test_rays_follow_the_microphones_order_and_no_gain(order, gains):
    raw = talk(rounds=2)[0]
    plain = rays_of(raw, np.full(4, FLOOR))
    moved = rays_of((raw + np.array(gains))[:, order], (np.full(4, FLOOR) + np.array(gains))[list(order)])
    assert plain.mic.tolist() == moved.mic.tolist() == [0, 1, 2, 3]
    back = moved.level_db - np.array(gains)[list(order), None]
    expected = plain.level_db[list(order)][:, list(order)]
    assert distance_db(back.T, expected.T).diagonal() == pytest.approx(np.zeros(4), abs=0.2)


def test_the_same_levels_give_the_same_voices():
    raw = talk()[0]
    assert np.array_equal(learned(raw).relative_db, learned(raw.copy()).relative_db)
