import numpy as np
import pytest

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.thumbnail import Candidate, Score, choose_picture, quiet_stretches, score_picture

RATE = FrameRate.parse(30)


def scene(blur: int = 0, gain: float = 1.0, lift: float = 0.0) -> np.ndarray:
    """A fixed scene of edges around mid grey, optionally blurred (box, `blur` pixels), darkened or brightened."""
    y, x = np.mgrid[0:180, 0:320]
    picture = 118 + 70 * np.sign(np.sin(x / 9.0) * np.sin(y / 7.0))
    if blur:
        kernel = np.ones(blur) / blur
        for axis in (0, 1):
            picture = np.apply_along_axis(np.convolve, axis, picture, kernel, "same")
    return np.clip(picture * gain + lift, 0, 255).astype(np.uint8)


def test_sharp_beats_blurred_dark_bright_and_empty():
    sharp = score_picture(scene()).total
    for worse in (scene(blur=9), scene(gain=0.15), scene(lift=120.0), np.full((180, 320), 118, np.uint8)):
        assert sharp > 1.5 * score_picture(worse).total
    assert 0 < sharp <= 1
    assert score_picture(np.zeros((180, 320), np.uint8)).total == 0


def candidate(frame: int, total: float) -> Candidate:
    return Candidate(frame, "A", Score(total, 1.0, 1.0, 1.0))


def test_the_highest_score_wins_and_of_equals_the_earliest():
    best, made = choose_picture([candidate(90, 0.5), candidate(60, 0.7), candidate(30, 0.7)], RATE)
    verdict = made.verdict
    assert best.frame == 30
    assert verdict.decision == "frame_30"
    assert verdict.rules_version == "thumbnail-v1"
    assert verdict.reasons[0] == "camera A at 0:01, frame 30"
    assert "best of 3 pictures" in verdict.reasons[2]


@pytest.fixture
def plan(make_edl, make_clip, tmp_path):
    def make(cuts):
        cameras = {n: [make_clip(tmp_path / f"{n}.mp4", frames=900)] for n in "AB"}
        return plan_render(make_edl(cuts, cameras), PRESETS["thumbnail"])

    return make


def test_candidates_keep_half_a_second_from_cuts_but_not_from_the_ends(plan):
    found = [(s.camera, lo, hi) for s, lo, hi in quiet_stretches(plan([(100, "A"), (125, "B"), (300, "A")]))]
    assert found == [("A", 0, 85), ("A", 140, 300)]


def test_where_every_shot_is_short_the_middle_of_the_longest_remains(plan):
    cuts = [(12, "A"), (24, "B"), (44, "A"), (56, "B")]
    found = [(s.camera, lo, hi) for s, lo, hi in quiet_stretches(plan([*cuts, (60, "A")]))]
    assert found == [("A", 34, 35)]
