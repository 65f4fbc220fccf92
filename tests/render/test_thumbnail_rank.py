import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.thumbnail import Candidate, Score
from ruach_studio.render.thumbnail_rank import Picture, rank_pictures, shortlisted
from ruach_studio.render.usecases.recompute_decisions import decide_again

RATE = FrameRate.parse(30)


def picture(frame, total, camera="A", change=0.0):
    return Picture(frame, camera, Score(total, 1.0, 1.0, 1.0), change)


def frames(*pictures):
    return [p.frame for p in rank_pictures(pictures, RATE, 99)[0]]


def test_a_still_moment_beats_a_slightly_sharper_shake():
    assert frames(picture(30, 0.8, change=6.0), picture(300, 0.5)) == [300, 30]
    assert picture(0, 0.8, change=3.0).total == pytest.approx(0.4)


def test_five_stand_at_least_five_seconds_apart():
    close = [picture(30 * k, 0.9 - k / 1000) for k in range(40)]
    assert frames(*close) == [0, 150, 300, 450, 600]
    assert frames(picture(0, 0.9), picture(149, 0.8), picture(150, 0.7)) == [0, 150]


def test_another_camera_goes_first_unless_its_picture_is_poor():
    many = [picture(200 * k, 0.8 - k / 100) for k in range(6)]
    assert frames(*many, picture(5000, 0.5, "B"))[1] == 5000
    assert frames(*many, picture(5000, 0.3, "B"))[:5] == [0, 200, 400, 600, 800]


def test_of_equals_the_earliest_and_the_reasons_hold_the_numbers():
    ranked, made = rank_pictures([picture(600, 0.5), picture(300, 0.5, change=0.0)], RATE, 12)
    assert [p.frame for p in ranked] == [300, 600]
    verdict = made.verdict
    assert (verdict.decision, verdict.rules_version, verdict.confidence) == ("frame_300", "thumbnail-v2", 0.5)
    assert verdict.reasons == (
        "camera A at 0:10, frame 300: score 0.500 = sharpness 0.50 x exposure 1.00 x contrast 1.00 x unclipped 1.00 "
        "x steadiness 1.00",
        "best of 12 pictures at least 0.5 s from a cut (of equals the earliest)",
        "offered too: camera A at 0:20, frame 600: score 0.500 = sharpness 0.50 x exposure 1.00 x contrast 1.00 x "
        "unclipped 1.00 x steadiness 1.00",
    )


def test_the_shortlist_keeps_the_best_second_by_second():
    found = shortlisted([Candidate(10 * k, "A", Score(0.5 + k / 1000, 1, 1, 1)) for k in range(100)], RATE)
    assert len(found) == 24
    assert [c.frame for c in found[:3]] == [990, 960, 930]


pictures = st.builds(
    picture, st.integers(0, 5000), st.integers(0, 100).map(lambda n: n / 100), st.sampled_from("ABC"),
    st.integers(0, 900).map(lambda n: n / 100),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(pictures, min_size=1, max_size=24, unique_by=lambda p: p.frame))
def test_the_first_is_the_best_all_are_apart_and_stored_inputs_say_the_same(found):
    ranked, made = rank_pictures(found, RATE, len(found))
    assert ranked[0].total == max(p.total for p in found)
    assert 1 <= len(ranked) <= 5
    assert all(abs(a.frame - b.frame) >= 150 for i, a in enumerate(ranked) for b in ranked[:i])
    assert decide_again("thumbnail-v2", json.loads(json.dumps(made.inputs))).verdict == made.verdict
