"""Turn a member's facts into what they may do with insights: submit their own, validate others': `privilege-v1`.

- Submit: at least 1 passed checkpoint.
- Validate, which is what a vote is: phase 3 (discernment) or later, and at least 5 reflections. The phase is the latest one
  ever begun. A reflection is a prompt written on with a quality above 0, so that five copies of one text are none.
Both count what can only grow by living on, so a privilege is not lost; an operator's correction may take it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ruach_studio.formation.graph import PHASES, phase_rank
from ruach_studio.formation.state_facts import FormationState
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

PRIVILEGE_RULES = "privilege-v1"
SUBMIT_CHECKPOINTS = 1
VALIDATE_PHASE_RANK = 3
VALIDATE_REFLECTIONS = 5
Granted = Literal["granted", "withheld"]


@dataclass(frozen=True, slots=True)
class Privileges:
    """Two verdicts, each with the inputs that its hash covers."""

    submit: Verdict[Granted]
    submit_inputs: Mapping[str, object]
    validate: Verdict[Granted]
    validate_inputs: Mapping[str, object]

    @property
    def can_submit_insights(self) -> bool:
        """Say whether the member may submit an insight."""
        return self.submit.decision == "granted"

    @property
    def can_validate_insights(self) -> bool:
        """Say whether the member may vote on others' insights."""
        return self.validate.decision == "granted"


def privileges(state: FormationState) -> Privileges:
    """Return what the member may do, with the numbers."""
    submit = {"privilege": "submit", "checkpointsPassed": len(state.checkpoints_passed)}
    validate = {"privilege": "validate", "phaseRank": rank_reached(state), "reflections": reflections_of(state)}
    return Privileges(decide_privilege(submit), submit, decide_privilege(validate), validate)


def decide_privilege(inputs: Mapping[str, Any]) -> Verdict[Granted]:
    """Return the verdict on counted inputs, as `privileges` gathers them (also for an audit that asks again)."""
    if inputs["privilege"] == "submit":
        rows = [(inputs["checkpointsPassed"], SUBMIT_CHECKPOINTS, _checkpoints(inputs["checkpointsPassed"]))]
    else:
        rank, written = inputs["phaseRank"], inputs["reflections"]
        reached = PHASES[rank - 1] if rank else "none"
        phase = f"phase {reached} ({rank} of 5), {PHASES[VALIDATE_PHASE_RANK - 1]} ({VALIDATE_PHASE_RANK}) needed"
        rows = [
            (rank, VALIDATE_PHASE_RANK, phase),
            (written, VALIDATE_REFLECTIONS, _of(written, VALIDATE_REFLECTIONS, "reflections")),
        ]
    met = all(have >= needed for have, needed, _ in rows)
    return Verdict(
        "granted" if met else "withheld", tuple(words for *_, words in rows), inputs_hash(inputs), PRIVILEGE_RULES
    )


def rank_reached(state: FormationState) -> int:
    """Return the rank 1..5 of the latest phase that the member ever began, 0 before the first."""
    begun = {*state.phase_started, *([state.phase] if state.phase else [])}
    return max((phase_rank(phase) for phase in PHASES if phase in begun), default=0)


def reflections_of(state: FormationState) -> int:
    """Return the number of prompts on which something of a quality above 0 was written; a renamed one is one."""
    scored = (state.reflection_of(reflection_id) for reflection_id in state.reflections)
    return len({state.name_now(each[0].node_id) for each in scored if each is not None and each[1] > 0})


def _checkpoints(passed: int) -> str:
    return _of(passed, SUBMIT_CHECKPOINTS, "checkpoints passed")


def _of(have: int, needed: int, what: str) -> str:
    """Return "4 of 5 reflections", and "7 reflections, 5 needed" where there is more than enough."""
    return f"{have} of {needed} {what}" if have <= needed else f"{have} {what}, {needed} needed"
