"""Turn HTTP into the dead letters: list them, show one, discard one where the playbook says so."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import UUID4, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.commands import Commanding, perform
from ruach_studio.infra.commands.command import REASON_LENGTH_MAX
from ruach_studio.infra.commands.routes import OutcomeOut, outcome_out
from ruach_studio.infra.dead_letters.board import DeadLetterNotFound, list_letters, show_letter
from ruach_studio.infra.dead_letters.commands import LetterClosed, NotDiscardable
from ruach_studio.infra.dead_letters.playbooks import Playbooks
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes

Reader = Annotated[Principal, Depends(require("operator", scope="ops:read"))]
Operator = Annotated[Principal, Depends(require("operator", scope="ops:write"))]
LIMIT_MAX = 200
State = Literal["open", "resolved", "all"]
Cause = Literal["1", "2", "3", "ours", "unknown"]
_RESOLVED: Mapping[str, bool | None] = {"open": False, "resolved": True, "all": None}


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class TriageOut(_Wire):
    """The playbook's row. `playbook` names the specification's table; without one the row is ours and has no number."""

    known: bool
    playbook: str | None
    cause: int | None
    title: str
    check_first: str
    safe_to_requeue: Literal["yes", "no", "after-repair", "unknown"]
    requeue_when: str
    escalate_when: str
    discardable: bool


class CounterOut(_Wire):
    """Where an alarm stands now."""

    name: str
    value: float
    at_least: float
    unit: str
    escalate: bool
    reason: str


class ErrorOut(_Wire):
    """The last error; `code` is stable."""

    code: str | None
    message: str | None
    retryable: bool | None


class WayBackOut(_Wire):
    """What an operator can do: a recovery command (with the `params` that the letter knows) or an ordinary request."""

    command: str | None
    params: dict[str, Any]
    line: str
    says: str


class LetterOut(_Wire):
    """A dead job (`sourceId` is its job id) or a parked event (`queue` is the consumer, `sourceId` the event)."""

    dead_letter_id: str
    kind: Literal["job", "event"]
    queue: str
    dlq: str | None
    name: str
    source_id: str
    session_id: str | None
    automation_id: str | None
    correlation_id: str
    died_at: datetime
    error: ErrorOut
    attempt_count: int
    triage: TriageOut
    counters: list[CounterOut]
    escalate: bool
    escalate_because: list[str]
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class WholeLetterOut(LetterOut):
    """The same with its payload, every attempt with its error, what was measured, and the ways back."""

    payload: dict[str, Any]
    attempts: list[dict[str, Any]]
    facts: dict[str, Any]
    ways_back: list[WayBackOut]


class LettersOut(_Wire):
    """A page; give `nextBefore` as `before` for the next."""

    dead_letters: list[LetterOut]
    next_before: str | None


class DiscardBody(_Wire):
    """Why; it goes to the audit."""

    reason: str = Field(max_length=REASON_LENGTH_MAX)
    dry_run: bool = False


def router(given: Commanding, playbooks: Playbooks) -> Routes:
    """Return the routes under /ops/dead-letters."""
    letters = Routes(prefix="/ops/dead-letters", tags=["recovery"])
    missing = problem_responses(DeadLetterNotFound)

    @letters.get("", summary="The dead letters, judged by the playbook", responses=missing)
    async def listed(
        _: Reader,
        queue: Annotated[str | None, Query(max_length=64, description="A queue, its DLQ, or an event consumer.")] = None,
        cause: Cause | None = None,
        session_id: Annotated[str | None, Query(alias="sessionId", max_length=64)] = None,
        state: State = "open",
        before: UUID4 | None = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    ) -> LettersOut:
        page = await list_letters(
            given.database, playbooks, queue=queue, cause=cause, session_id=session_id, resolved=_RESOLVED[state],
            before=None if before is None else str(before), limit=limit,
        )  # fmt: skip
        found = [LetterOut.model_validate(each.to_wire()) for each in page.letters]
        return LettersOut(dead_letters=found, next_before=page.next_before)

    @letters.get("/{dead_letter_id}", summary="One dead letter with every attempt and the ways back", responses=missing)
    async def shown(_: Reader, dead_letter_id: UUID4) -> WholeLetterOut:
        letter = await show_letter(given.database, playbooks, str(dead_letter_id))
        return WholeLetterOut.model_validate(letter.to_wire(whole=True))

    @letters.post(
        "/{dead_letter_id}/discard", summary="Discard a letter of which the playbook says so",
        responses=problem_responses(DeadLetterNotFound, LetterClosed, NotDiscardable),
    )  # fmt: skip
    async def discarded(operator: Operator, dead_letter_id: UUID4, body: DiscardBody) -> OutcomeOut:
        params = {"deadLetterId": str(dead_letter_id)}
        return outcome_out(
            await perform(given, operator, "deadLetter.discard", params, reason=body.reason, dry_run=body.dry_run)
        )

    return letters
