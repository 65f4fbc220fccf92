"""The secant rule against a model of a limiter and an encoder: it must arrive, stop, and say so when it cannot."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.render.loudness import (
    MAX_GAIN_DB,
    MAX_TRIALS,
    Measurement,
    Setting,
    Trial,
    best_trial,
    first_setting,
    judge,
    next_setting,
)  # fmt: skip
from ruach_studio.render.presets import AudioCodec

TARGET = AudioCodec()


def master(source: Measurement, eaten: float, overshoot: float) -> list[Trial]:
    """Play the loop: above a true peak of the ceiling, `eaten` of each decibel is lost; the encoder adds `overshoot`."""

    def measured(setting: Setting) -> Measurement:
        over = max(0.0, source.true_peak_dbtp + setting.gain_db - setting.ceiling_dbtp)
        peak = min(source.true_peak_dbtp + setting.gain_db, setting.ceiling_dbtp) + overshoot
        return Measurement(round(source.lufs + setting.gain_db - eaten * over, 1), round(peak, 1))

    trials, setting = [], first_setting(source, TARGET)
    while setting is not None:
        trials.append(Trial(setting, measured(setting)))
        setting = next_setting(trials, TARGET)
    return trials


@given(st.floats(-45, -5), st.floats(4, 22), st.floats(0, 0.5), st.floats(0, 1.2))
def test_it_arrives_for_any_speech(lufs, crest, eaten, overshoot):
    source = Measurement(lufs, lufs + crest)
    trials = master(source, eaten, overshoot)
    best = best_trial(trials, TARGET)
    if best.setting.gain_db < MAX_GAIN_DB:
        verdict = judge(source, best, TARGET).verdict
        assert verdict.decision == "pass", verdict.reasons
        assert abs(best.measured.lufs + 14) <= 0.5
        assert best.measured.true_peak_dbtp <= -1.0
    assert len(trials) <= MAX_TRIALS


def test_loud_sound_is_lowered():
    assert first_setting(Measurement(-6.0, 0.0), TARGET).gain_db == -8.0


@pytest.mark.parametrize("level", [-math.inf, -70.0])
def test_silence_is_stated_after_one_trial(level):
    source = Measurement(level, -math.inf)
    trials = master(source, 0.0, 0.0)
    assert len(trials) == 1
    assert trials[0].setting.gain_db == 0
    verdict = judge(source, trials[0], TARGET).verdict
    assert verdict.decision == "silent"
    assert "nothing to raise" in verdict.reasons[0]


def test_very_quiet_sound_is_raised_as_far_as_sense_goes_and_stated():
    source = Measurement(-65.0, -50.0)
    trials = master(source, 0.0, 0.0)
    assert trials[-1].setting.gain_db == MAX_GAIN_DB
    assert judge(source, trials[-1], TARGET).verdict.decision == "too-quiet"


def test_a_peak_over_the_bound_lowers_the_ceiling_by_as_much_and_a_little():
    trial = Trial(Setting(8.0, -2.0), Measurement(-14.0, -0.6))
    assert next_setting([trial], TARGET) == Setting(8.4, -2.8)
    assert judge(Measurement(-22.0, -9.0), trial, TARGET).verdict.decision == "missed"


def test_the_best_trial_is_the_nearest_of_those_under_the_peak_bound():
    near_but_hot = Trial(Setting(1, -2), Measurement(-14.0, -0.5))
    fair = Trial(Setting(2, -2), Measurement(-14.3, -1.2))
    far = Trial(Setting(3, -2), Measurement(-15.0, -1.5))
    assert best_trial([near_but_hot, fair, far], TARGET) is fair
    assert best_trial([near_but_hot], TARGET) is near_but_hot


def test_a_peak_just_under_the_bound_is_not_trusted_to_one_meter_but_is_taken_before_a_miss():
    near, far = Trial(Setting(8.0, -2.0), Measurement(-14.0, -1.1)), Trial(Setting(8.4, -2.4), Measurement(-14.3, -1.4))
    assert next_setting([near], TARGET) == Setting(8.15, -2.3)
    assert best_trial([near, far], TARGET) is far
    assert best_trial([near, Trial(Setting(3.0, -2.4), Measurement(-15.3, -1.4))], TARGET) is near
