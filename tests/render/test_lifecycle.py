import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.render.lifecycle import (
    ALLOWED,
    ENDED,
    STEPS,
    IllegalTransition,
    checked_retry,
    checked_transition,
    next_step,
    overall_progress,
)  # fmt: skip


def test_the_allowed_paths_are_these_and_no_others():
    pairs = {(a, b) for a, targets in ALLOWED.items() for b in targets}
    assert pairs == {
        ("queued", "processing"), ("queued", "cancelled"), ("queued", "failed"), ("processing", "completed"),
        ("processing", "failed"), ("processing", "cancelled"), ("failed", "dead-letter"),
    }  # fmt: skip
    assert all(not ALLOWED[state] for state in ENDED)


def test_an_illegal_transition_is_a_409_that_names_job_and_ways_out():
    with pytest.raises(IllegalTransition, match="job-1: completed cannot become processing") as caught:
        checked_transition("job-1", "completed", "processing")
    assert caught.value.status == 409
    with pytest.raises(IllegalTransition, match="processing"):
        checked_transition("job-1", "processing", "processing")


@pytest.mark.parametrize("state", ["queued", "processing", "completed", "failed"])
def test_only_ended_badly_is_retried(state):
    with pytest.raises(IllegalTransition):
        checked_retry("job-1", state)
    for good in ("dead-letter", "cancelled"):
        checked_retry("job-1", good)


def test_steps_come_in_order_and_never_twice():
    done: list[str] = []
    while (step := next_step(done)) is not None:
        done.append(step)
    assert tuple(done) == STEPS == ("preflight", "render", "normalize", "upload")
    assert next_step({"preflight", "render"}) == "normalize"


@given(st.lists(st.tuples(st.sampled_from(range(4)), st.floats(0, 1)), min_size=2, max_size=2))
def test_progress_rises_with_step_and_part(points):
    (a, part_a), (b, part_b) = sorted(points)
    assert 0 <= overall_progress(STEPS[a], part_a) <= overall_progress(STEPS[b], part_b) <= 1
    assert overall_progress("upload", 1.0) == 1.0
