import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.render.framing import CENTRE, COLUMNS, Motion, moved_columns, place_subject
from ruach_studio.render.usecases.recompute_decisions import decide_again

SHARE = Fraction(81, 256)  # a 9:16 crop of a 16:9 picture


def motions(*peaks: tuple[float, int], pairs: int = 10) -> list[Motion]:
    """Pairs of pictures in which five columns around each (place, amount) move."""
    columns = [0] * COLUMNS
    for place, amount in peaks:
        for i in range(-2, 3):
            columns[round(place * COLUMNS) + i] += amount
    return [Motion(30 * k, tuple(columns)) for k in range(1, pairs + 1)]


def place(*args, told=None, share=SHARE):
    made = place_subject("A", share, *args, told)
    return float(made.x), made.known, made.decided.verdict


def test_one_person_left_of_the_middle_is_found():
    x, known, verdict = place(motions((0.25, 40)))
    assert (x, known) == (0.27, True)  # columns 6..10 of 32, their middle is 8.5/32
    assert verdict.decision == "x_0.27"
    assert verdict.reasons == (
        "camera A: 100% of what moves is around 0.27; a centre crop holds 1%",
        "10 pairs of pictures, 2.0% of the picture moves",
    )  # fmt: skip
    assert verdict.confidence == 1.0


def test_two_people_are_not_one_and_the_reason_says_where_the_busier_sits():
    x, known, verdict = place(motions((0.3, 40), (0.7, 44)))
    assert (x, known) == (0.5, False)
    assert "no crop holds what moves: at most 52%, at 0.7" in verdict.reasons[0]


def test_the_centre_stays_where_it_holds_nearly_as_much():
    x, known, verdict = place(motions((0.53, 40)))
    assert (x, known) == (0.5, True)
    assert "a centre crop holds 100% of what moves" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (motions((0.25, 40), pairs=2), "2 pairs of pictures to compare; 3 are needed"),
        (motions((0.25, 3)), "hardly anything moves (0.15% of the picture)"),
        ([Motion(k, (200,) * COLUMNS) for k in range(9)], "9 show the camera itself moving"),
        ([], "0 pairs of pictures"),
    ],
)
def test_in_doubt_the_centre_and_the_reason(seen, words):
    x, known, verdict = place(seen)
    assert (x, known, verdict.decision) == (0.5, False, "x_0.50")
    assert words in verdict.reasons[0]
    assert "an operator can say" in verdict.reasons[-1]


def test_a_bump_of_the_camera_does_not_count():
    bumped = [*motions((0.25, 40)), *[Motion(k, (150,) * COLUMNS) for k in range(5)]]
    assert place(bumped)[0] == place(motions((0.25, 40)))[0]


def test_a_person_at_the_very_edge_is_framed_as_far_as_the_picture_reaches():
    assert place(motions((0.07, 40)))[0] == 0.16  # half the crop


def test_an_upright_picture_has_nothing_to_choose_and_the_operators_word_wins():
    assert place(motions((0.25, 40)), share=Fraction(1))[:2] == (0.5, True)
    x, known, verdict = place(motions((0.25, 40)), told=Fraction("0.6"))
    assert (x, known, verdict.reasons) == (0.6, True, ("camera A: the operator put the subject at 0.60",))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 120), min_size=COLUMNS, max_size=COLUMNS), st.integers(9, 31))
def test_the_place_is_in_reach_mirrors_with_the_picture_and_is_said_again_from_stored_inputs(columns, wide):
    share = Fraction(wide, 32)
    seen = [Motion(k, tuple(columns)) for k in range(4)]
    made = place_subject("A", share, seen)
    assert share / 2 - Fraction(1, 100) <= made.x <= 1 - share / 2 + Fraction(1, 100) or made.x == CENTRE
    again = decide_again("framing-v1", json.loads(json.dumps(made.decided.inputs)))
    assert again.verdict == made.decided.verdict


def test_titles_and_noise_do_not_move_but_a_shoulder_does():
    before = np.full((90, 160), 120, np.uint8)
    after = before.copy()
    after[:, 40:50] += 30  # columns 8 and 9
    after[10:20, 100:140] = 235  # a title appears
    after[:, 150:] += 9  # noise
    moved = moved_columns(before, after)
    assert moved[8:10] == (312, 312)
    assert sum(moved) == 624
