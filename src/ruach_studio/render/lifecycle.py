"""Turn a render job's state and an action into its next state, or refuse.

queued → processing → completed | failed | cancelled | dead-letter. A failed execution either has a successor (a retry is
a new job with a new id) or, as the last of its chain, goes to the dead-letter queue. Completed, cancelled and
dead-letter are final: an operator's retry starts a new job. While processing, a job walks through four steps in order;
a step that is recorded as done is never done again.
"""

from collections.abc import Collection, Mapping
from typing import Literal, get_args

from ruach_studio.kernel.errors import Conflict

State = Literal["queued", "processing", "completed", "failed", "cancelled", "dead-letter"]
Step = Literal["preflight", "render", "normalize", "upload"]

STEPS: tuple[Step, ...] = get_args(Step)
ALLOWED: Mapping[State, frozenset[State]] = {
    "queued": frozenset({"processing", "cancelled", "failed"}),
    "processing": frozenset({"completed", "failed", "cancelled"}),
    "failed": frozenset({"dead-letter"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
    "dead-letter": frozenset(),
}
ENDED: frozenset[State] = frozenset({"completed", "cancelled", "dead-letter"})
RETRYABLE: frozenset[State] = frozenset({"dead-letter", "cancelled"})

# What part of the whole each step is, for one monotonic percentage (the render itself dominates).
STEP_STARTS: Mapping[Step, float] = {"preflight": 0.0, "render": 0.02, "normalize": 0.88, "upload": 0.97}


class IllegalTransition(Conflict):
    """A render job cannot go from its state to that one."""

    code = "illegal_transition"


def checked_transition(job_id: str, current: State, target: State) -> State:
    """Return `target` if a job may go there from `current`, else raise IllegalTransition (409)."""
    if target not in ALLOWED[current]:
        allowed = ", ".join(sorted(ALLOWED[current])) or "nothing, it is final"
        raise IllegalTransition(f"{current} cannot become {target} (allowed: {allowed})", subject=f"render job {job_id}")
    return target


def checked_retry(job_id: str, current: State) -> None:
    """Raise IllegalTransition unless a job in state `current` may be run again as a new job."""
    if current not in RETRYABLE:
        raise IllegalTransition(
            f"it is {current}",
            subject=f"render job {job_id}",
            remedy="Only a dead-letter or cancelled job is retried; a failed one already is.",
        )


def next_step(done: Collection[str]) -> Step | None:
    """Return the first step that is not done, None when all are."""
    return next((step for step in STEPS if step not in done), None)


def overall_progress(step: Step, part: float) -> float:
    """Return the whole job's progress in [0, 1] when `step` is `part` (in [0, 1]) done."""
    index = STEPS.index(step)
    start = STEP_STARTS[step]
    end = STEP_STARTS[STEPS[index + 1]] if index + 1 < len(STEPS) else 1.0
    return round(start + (end - start) * min(max(part, 0.0), 1.0), 4)
