"""The states of an insight, and what votes weigh."""

from typing import get_args

import pytest

from ruach_studio.formation.insights import (
    ALLOWED,
    STATES,
    TARGETS,
    IllegalStep,
    State,
    Tally,
    TooManyWaiting,
    check_room,
    checked_step,
    checked_text,
)
from ruach_studio.kernel.errors import BadInput

STEPS = {
    ("submitted", "approved"), ("submitted", "rejected"), ("approved", "published"), ("approved", "rejected"),
    ("published", "rejected"), ("rejected", "approved"),
}  # fmt: skip


@pytest.mark.parametrize("current", get_args(State))
@pytest.mark.parametrize("target", get_args(State))
def test_steps(current, target):
    if (current, target) in STEPS or (target == "erased" and current != "erased"):
        assert checked_step("i", current, target) == target
    else:
        with pytest.raises(IllegalStep):
            checked_step("i", current, target)


def test_every_state_has_its_row_and_only_approval_leads_to_publishing():
    assert set(ALLOWED) == set(STATES)
    assert {state for state, after in ALLOWED.items() if TARGETS["publish"] in after} == {"approved"}


def test_votes_weigh():
    assert Tally().score == 0
    assert Tally(helpful=3, profound=2, needs_work=4).score == 3 + 4 - 4


def test_text_and_room():
    assert checked_text("  a \n b ") == "a \n b"
    assert len(checked_text("x" * 5000)) == 5000
    for text in ("", "  ", "x" * 5001, "\x00"):
        with pytest.raises(BadInput):
            checked_text(text)
    check_room(19)
    with pytest.raises(TooManyWaiting):
        check_room(20)
