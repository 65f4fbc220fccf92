"""One pair: offset within 2 ms and drift within 2 ppm of the truth, confidence that tells true from chance."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.sync import classify, locate

CASES = {
    "two microphones of one room": {"offset_s": 58.9, "drift_ppm": 0.0},
    "50 ppm drift, 12 dB softer": {"offset_s": 20.0123, "drift_ppm": 50.0, "gain": 0.25},
    "-100 ppm, loud noise": {"offset_s": -31.7, "drift_ppm": -100.0, "noise": 0.02},
    "long reverb": {"offset_s": 5.5, "drift_ppm": 30.0, "reverb_s": 0.8},
    "NTSC pull-down": {"offset_s": -5.0, "drift_ppm": -999.0},
    "polarity swapped": {"offset_s": 33.3, "gain": -1.0},
}


@pytest.mark.parametrize("mic", CASES.values(), ids=CASES.keys())
def test_offset_within_2_ms_and_drift_within_2_ppm_over_the_whole_overlap(room, mic):
    sound = (240.0, 1)
    match = locate(room.hear(sound, 180.0, seed=2, **mic), room.hear(sound, 240.0, seed=3))
    truth_ppm = mic.get("drift_ppm", 0.0)
    assert match.offset_s == pytest.approx(mic["offset_s"], abs=0.002)
    assert match.drift_ppm == pytest.approx(truth_ppm, abs=2.0)
    end_error_s = (match.offset_s - mic["offset_s"]) + 180.0 * (match.drift_ppm - truth_ppm) * 1e-6
    assert abs(end_error_s) < 0.002
    assert classify(match.confidence) == "looks-good"
    assert match.inlier_fraction >= 0.8
    assert f"{match.inlier_fraction * 28:.0f} of 28 anchors agree" in match.reasons[0]


@pytest.mark.parametrize("seconds", [5.0, 7.0, 12.0, 40.0])
def test_a_true_clip_of_five_seconds_or_more_looks_good(room, seconds):
    sound = (240.0, 1)
    reference = room.hear(sound, 240.0, seed=3)
    for number in range(4):
        offset_s = 11.1 + 50.013 * number
        match = locate(room.hear(sound, seconds, offset_s=offset_s, seed=40 + number, noise=0.005), reference)
        assert match.offset_s == pytest.approx(offset_s, abs=0.002)
        assert match.confidence >= 0.8


@pytest.mark.parametrize("seconds", [5.0, 12.0, 40.0, 120.0])
def test_unrelated_sound_needs_a_manual_nudge(room, seconds):
    reference = room.hear((240.0, 1), 240.0, seed=3)
    other = (240.0, 77)
    for number in range(4):
        match = locate(room.hear(other, seconds, offset_s=25.0 * number, seed=50 + number), reference)
        assert match.confidence <= 0.2
        assert classify(match.confidence) == "needs-manual-nudge"
        assert match.reasons


@pytest.mark.parametrize("kind", ["silence", "noise", "nothing", "tone"])
def test_sound_that_says_nothing_is_no_match(room, kind):
    reference = room.hear((60.0, 1), 60.0, seed=3)
    count = 0 if kind == "nothing" else 20 * room.rate
    rng = np.random.default_rng(0)
    samples = {
        "noise": lambda: rng.standard_normal(count) * 0.1,
        "tone": lambda: 0.3 * np.sin(np.arange(count) * 0.3),
    }.get(kind, lambda: np.zeros(count))()
    match = locate(room.digest(samples.astype(np.float32)), reference)
    assert match.confidence <= 0.2


def test_other_talk_in_the_first_45_seconds_does_not_decide(room):
    """A tool that correlates only the first 32 s of a file places this camera minutes off, and calls it good."""
    sound = (240.0, 1)
    samples = room.write(sound, 180.0, offset_s=30.0, drift_ppm=40.0, seed=2)
    samples[: 45 * room.rate] = room.write((240.0, 9), 45.0, seed=4)
    match = locate(room.digest(samples), room.hear(sound, 240.0, seed=3))
    assert match.offset_s == pytest.approx(30.0, abs=0.002)
    assert match.confidence >= 0.7


@pytest.mark.parametrize("overlap_s", [60.0, 8.0])
def test_a_short_common_part_at_the_end_is_enough(room, overlap_s):
    sound = (240.0, 1)
    match = locate(room.hear(sound, 150.0, offset_s=120.0 - overlap_s, seed=2), room.hear(sound, 120.0, seed=3))
    assert match.offset_s == pytest.approx(120.0 - overlap_s, abs=0.002)
    assert match.confidence >= 0.8


def test_speakers_at_different_distances_pull_the_line_to_neither(room):
    """Path differences of -2 and +2 ms in turns of 10 s: the clock is in the middle."""
    sound = (240.0, 1)
    near, far = (room.write(sound, 180.0, offset_s=12.0, delay_s=d, seed=2) for d in (-0.002, 0.002))
    turn = (np.arange(len(near)) // (10 * room.rate)) % 2 == 0
    match = locate(room.digest(np.where(turn, near, far)), room.hear(sound, 240.0, seed=3))
    assert match.offset_s == pytest.approx(12.0, abs=0.002)
    assert match.offset_s + 180.0 * match.drift_ppm * 1e-6 == pytest.approx(12.0, abs=0.002)
    assert match.confidence >= 0.8
    assert 0.5 < match.residual_ms < 3.0


def test_dropped_samples_are_a_step_not_a_drift(room):
    sound = (240.0, 1)
    samples = room.write(sound, 200.0, offset_s=10.0, seed=2)
    lost = np.concatenate((samples[: 60 * room.rate], samples[round(60.2 * room.rate) :]))
    match = locate(room.digest(lost), room.hear(sound, 240.0, seed=3))
    assert len(match.steps) == 1
    assert match.steps[0].jump_ms == pytest.approx(200.0, abs=5.0)
    assert match.steps[0].at_s == pytest.approx(60.0, abs=1.5)
    assert match.offset_s == pytest.approx(10.2, abs=0.003)  # the longer part decides
    assert match.confidence <= 0.7
    assert "200 ms of sound seem to be missing" in match.reasons[1]


def test_a_jingle_that_is_heard_twice_is_not_certain(room):
    sound = room.write((120.0, 1), 120.0, seed=3)
    jingle = sound[10 * room.rate : 18 * room.rate].copy()
    sound[70 * room.rate : 78 * room.rate] = jingle
    match = locate(room.digest(jingle), room.digest(sound))
    assert classify(match.confidence) == "review-suggested"
    assert any("a second place fits" in reason for reason in match.reasons)


@given(offset_s=st.floats(-20, 60), drift_ppm=st.floats(-100, 100), seed=st.integers(0, 50))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_directions_are_inverses(room, offset_s, drift_ppm, seed):
    sound = (120.0, 1)
    a, b = room.hear(sound, 60.0, seed=3), room.hear(sound, 60.0, offset_s=offset_s / 2, drift_ppm=drift_ppm, seed=seed)
    forth, back = locate(b, a), locate(a, b)
    assert forth.confidence == back.confidence
    for local_s in (0.0, 60.0):
        there = forth.offset_s + local_s * (1 + forth.drift_ppm * 1e-6)
        again = back.offset_s + there * (1 + back.drift_ppm * 1e-6)
        assert again == pytest.approx(local_s, abs=1e-9)


@pytest.mark.parametrize("drift_ppm", [60.0, -60.0])
def test_the_sentence_has_the_sign_of_the_drift_whichever_clip_is_longer(room, drift_ppm):
    sound = (240.0, 1)
    for query_s, reference_s in ((100.0, 120.0), (120.0, 100.0)):
        query = room.hear(sound, query_s, offset_s=-5.0, drift_ppm=drift_ppm, seed=2)
        match = locate(query, room.hear(sound, reference_s, seed=3))
        assert match.drift_ppm == pytest.approx(drift_ppm, abs=2.0)
        sign = "+" if drift_ppm > 0 else "\N{MINUS SIGN}"
        assert f"drift {sign}{abs(match.drift_ppm):.1f} ppm over 2 min" in match.reasons[0]


def test_the_same_sound_gives_the_same_floats(room):
    sound = (60.0, 1)
    one, two = (locate(room.hear(sound, 40.0, offset_s=3.3, seed=2), room.hear(sound, 60.0, seed=3)) for _ in range(2))
    assert one == two
