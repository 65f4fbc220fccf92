"""What a member may do with insights follows from counted facts, with the numbers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.privileges import PRIVILEGE_RULES, decide_privilege, privileges
from ruach_studio.formation.state import Assessed, FormationState, Reflection
from ruach_studio.kernel.hashing import inputs_hash

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def state(passed=0, rank=0, qualities=(), phase=None, carried=None):
    count, day = range(len(qualities)), date(2026, 3, 1)
    return FormationState(
        phase=phase, carried=carried or {},
        phase_started=dict.fromkeys(PHASES[:rank], NOW),
        checkpoints_passed={f"c{n}": NOW for n in range(passed)},
        reflections={f"a{n}": Reflection(f"r{n}", f"r{n}", 90, NOW - timedelta(days=n), day, None) for n in count},
        assessed={f"a{n}": Assessed(qualities[n]) for n in count if qualities[n] is not None},
    )  # fmt: skip


@pytest.mark.parametrize(("passed", "granted", "words"), [
    (0, False, "0 of 1 checkpoints passed"), (1, True, "1 of 1 checkpoints passed"),
    (4, True, "4 checkpoints passed, 1 needed"),
])  # fmt: skip
def test_one_passed_checkpoint_lets_submit(passed, granted, words):
    found = privileges(state(passed))
    assert found.can_submit_insights is granted
    assert found.submit.reasons == (words,)


@pytest.mark.parametrize(("rank", "written", "granted"), [
    (0, 5, False), (2, 9, False), (3, 4, False), (3, 5, True), (5, 5, True), (5, 0, False),
])  # fmt: skip
def test_phase_three_and_five_reflections_let_validate(rank, written, granted):
    assert privileges(state(0, rank, (500,) * written)).can_validate_insights is granted


def test_the_verdict_says_how_far_one_is():
    verdict = privileges(state(1, 2, (500,) * 4)).validate
    assert verdict.decision == "withheld"
    assert verdict.reasons == ("phase separation (2 of 5), discernment (3) needed", "4 of 5 reflections")
    assert privileges(state()).validate.reasons[0] == "phase none (0 of 5), discernment (3) needed"


def test_copies_and_what_nobody_assessed_are_no_reflections():
    assert privileges(state(0, 3, (500, 500, 500, 500, 0, None))).validate.reasons[1] == "4 of 5 reflections"


def test_two_drafts_on_one_prompt_are_one_reflection():
    drafts = {f"a{n}": Reflection("r0", "r0", 90, NOW, date(2026, 3, 1), None) for n in range(6)}
    many = FormationState(reflections=drafts, assessed={name: Assessed(800) for name in drafts})
    assert privileges(many).validate_inputs["reflections"] == 1


def test_a_renamed_prompt_is_one_reflection():
    assert privileges(state(0, 3, (500,) * 5, carried={"r0": ("r4",)})).validate.reasons[1] == "4 of 5 reflections"


def test_the_latest_phase_ever_begun_counts_even_where_its_start_was_lost():
    assert privileges(state(0, 1, (500,) * 5, phase="discernment")).can_validate_insights
    assert privileges(state(0, 3, (500,) * 5, phase="awakening")).can_validate_insights


def test_the_verdict_can_be_made_again_from_its_inputs():
    found = privileges(state(1, 3, (500,) * 5))
    for verdict, inputs in ((found.submit, found.submit_inputs), (found.validate, found.validate_inputs)):
        assert (decide_privilege(inputs), verdict.inputs_hash, verdict.rules_version) == (
            verdict,
            inputs_hash(inputs),
            PRIVILEGE_RULES,
        )
