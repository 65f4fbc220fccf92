"""Turn a member's insight and what people say of it into its next state and its tally: `insight-v1`.

submitted → approved → published; an operator may reject from each of these and approve what was rejected. The operator has
the final say: nothing is published by itself, by a score or by votes. Its author may erase it at any time; then the text is
gone and that is final.
A vote (helpful +1, profound +2, needs_work -1) is on a published insight of somebody else; one per member, changeable. It
takes the privilege to validate (privileges.py). At most 20 insights of one author wait for an operator at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ruach_studio.kernel.errors import BadInput, Conflict

State = Literal["submitted", "approved", "published", "rejected", "erased"]
Decision = Literal["approve", "reject", "publish"]
Vote = Literal["helpful", "profound", "needs_work"]

STATES: tuple[State, ...] = get_args(State)
ALLOWED: Mapping[State, frozenset[State]] = {
    "submitted": frozenset({"approved", "rejected", "erased"}),
    "approved": frozenset({"published", "rejected", "erased"}),
    "published": frozenset({"rejected", "erased"}),
    "rejected": frozenset({"approved", "erased"}),
    "erased": frozenset(),
}
TARGETS: Mapping[Decision, State] = {"approve": "approved", "reject": "rejected", "publish": "published"}
WEIGHTS: Mapping[Vote, int] = {"helpful": 1, "profound": 2, "needs_work": -1}
MOST_CHARACTERS = 5_000
MOST_WAITING = 20


class IllegalStep(Conflict):
    """An insight cannot go from its state to that one."""

    code = "illegal_transition"


class TooManyWaiting(Conflict):
    """Enough of your insights wait for an operator."""

    code = "too_many_waiting"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many votes of each kind an insight has."""

    helpful: int = 0
    profound: int = 0
    needs_work: int = 0

    @property
    def score(self) -> int:
        """Return the weighted sum."""
        return (
            WEIGHTS["helpful"] * self.helpful + WEIGHTS["profound"] * self.profound + WEIGHTS["needs_work"] * self.needs_work
        )


def checked_step(insight_id: str, current: State, target: State) -> State:
    """Return `target` if an insight may go there from `current`, else raise IllegalStep (409)."""
    if target not in ALLOWED[current]:
        allowed = ", ".join(sorted(ALLOWED[current])) or "nothing, it is final"
        raise IllegalStep(f"{current} cannot become {target} (allowed: {allowed})", subject=f"insight {insight_id}")
    return target


def checked_text(text: str) -> str:
    """Return `text` without blank ends. Raises BadInput if nothing is left, or for more than 5,000 characters or a NUL."""
    stripped = text.strip()
    if not stripped:
        raise BadInput("it is empty", subject="text", remedy="Say what you saw.")
    if len(stripped) > MOST_CHARACTERS or "\x00" in stripped:
        fact = "it holds the NUL character" if "\x00" in stripped else f"it has {len(stripped)} characters"
        raise BadInput(
            fact, subject="text", remedy=f"Send at most {MOST_CHARACTERS} characters of text: the part that matters."
        )
    return stripped


def check_room(waiting: int) -> None:
    """Raise TooManyWaiting if `waiting` insights of one author are as many as may wait."""
    if waiting >= MOST_WAITING:
        raise TooManyWaiting(f"{waiting} of {MOST_WAITING} wait", remedy="Let an operator look at them first, or erase one.")
