"""Calibration separates gain, floor and bleed from speech, and stays calm where there is little to learn from."""

import math

import numpy as np
import pytest

from ruach_studio.assembly.angles_shot import AngleOptions, Scene
from ruach_studio.assembly.calibration import calibrate
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.kernel.errors import BadInput


def scene(levels, names=("A", "B")):
    matrix = EnergyMatrix(100, names, np.asarray(levels, dtype=np.float32))
    mics = tuple((name, name) for name in names)
    return Scene(matrix, len(levels) * 0.1, mics, None, AngleOptions(), names)


def turns(a_own, b_own, bleed_db, *, floor=-70.0, gain_b=0.0, rounds=12):
    """A speaks 5 s, B speaks 5 s, 1 s of nothing; each hears the other `bleed_db` below."""
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(rounds):
        rows += [[a_own, a_own + bleed_db + gain_b]] * 50 + [[b_own + bleed_db, b_own + gain_b]] * 50
        rows += [[floor, floor + gain_b]] * 10
    return np.array(rows) + rng.normal(0, 2.0, (len(rows), 1)) + rng.normal(0, 0.3, (len(rows), 2))


@pytest.mark.parametrize("gain_b", [0.0, -12.0, 9.0])
@pytest.mark.parametrize("bleed_db", [-15.0, -10.0, -5.0])
def test_gain_and_bleed_are_found_and_taken_out(gain_b, bleed_db):
    voices = calibrate(scene(turns(-20.0, -20.0, bleed_db, gain_b=gain_b)))
    a, b = voices.mics
    assert b.own_dbfs - a.own_dbfs == pytest.approx(gain_b, abs=0.7)
    assert [a.separation_db, b.separation_db] == pytest.approx([-bleed_db] * 2, abs=1.0)
    speaking_a = voices.relative_db[:50]
    assert np.median(speaking_a[:, 0]) == pytest.approx(0.0, abs=1.0)
    assert np.median(speaking_a[:, 0] - speaking_a[:, 1]) > 12.0


def test_floors_and_gaps():
    levels = turns(-20.0, -20.0, -10.0)
    levels[100:300, 1] = math.nan
    levels[300:310, 0] = -math.inf
    voices = calibrate(scene(levels))
    assert not voices.recording[150, 1]
    assert voices.recording[305, 0]
    assert voices.mics[0].floor_dbfs == pytest.approx(-70.0, abs=1.5)
    assert np.isfinite(voices.relative_db).all()


def test_a_microphone_whose_speaker_is_silent_does_not_win():
    """B only ever hears A: its loud windows are bleed, and A's voice must lead there by far."""
    rng = np.random.default_rng(2)
    rows = np.array(([[-20.0, -26.0]] * 80 + [[-70.0, -70.0]] * 20) * 8) + rng.normal(0, 1.0, (800, 2))
    voices = calibrate(scene(rows))
    lead = voices.relative_db[:80, 0] - voices.relative_db[:80, 1]
    assert np.median(lead) > 3.0


def test_microphones_that_hardly_differ_still_tell_the_speakers_apart():
    voices = calibrate(scene(turns(-20.0, -20.0, -2.0, gain_b=-12.0)))
    assert all(mic.own_s > 30.0 for mic in voices.mics)
    assert np.median(voices.relative_db[:50, 0] - voices.relative_db[:50, 1]) > 6.0
    assert np.median(voices.relative_db[50:100, 1] - voices.relative_db[50:100, 0]) > 6.0


def test_cameras_of_mere_listeners_do_not_hide_the_speakers():
    """C hears A as loudly as itself could, D hears B so: nobody speaks there, and A and B are found all the same."""
    two = turns(-20.0, -20.0, -10.0)
    rng = np.random.default_rng(4)
    rows = np.column_stack([two, two[:, 0] - 4.0, two[:, 1] - 4.0]) + rng.normal(0, 0.3, (len(two), 4))
    rows[:, 2:] = np.maximum(rows[:, 2:], -70.0)
    voices = calibrate(scene(rows, ("A", "B", "C", "D")))
    assert [mic.own_s > 2.0 for mic in voices.mics] == [True, True, False, False]
    assert (voices.relative_db[:50].argmax(axis=1) == 0).mean() > 0.95
    assert (voices.relative_db[50:100].argmax(axis=1) == 1).mean() > 0.95


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(BadInput, match="no microphone recorded"):
        calibrate(scene(np.full((20, 2), np.nan)))
