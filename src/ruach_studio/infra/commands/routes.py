"""Turn HTTP into the recovery commands: list them, run one, list what waits for a second operator, confirm or reject it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.commands import confirmations as confirming
from ruach_studio.infra.commands.command import REASON_LENGTH_MAX, CommandNotFound
from ruach_studio.infra.commands.perform import AlreadyRequested, Commanding, Outcome, perform, plain_answer
from ruach_studio.infra.commands.store import Confirmation, State
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes

Reader = Annotated[Principal, Depends(require("operator", scope="ops:read"))]
Operator = Annotated[Principal, Depends(require("operator", scope="ops:write"))]
Person = Annotated[Principal, Depends(require("operator"))]  # no scope: a machine is no second person
LIMIT_MAX = 1000


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class CommandOut(_Wire):
    """A recovery command; `parameters` is a JSON schema."""

    name: str
    pillar: str
    when_to_use: str
    side_effects: str
    parameters: Mapping[str, Any]
    roles: list[str]
    supports_dry_run: bool
    needs_second_operator: bool
    second_operator_when: str


class RunBody(_Wire):
    """What to run, and why; the reason goes to the audit."""

    params: dict[str, Any]
    reason: str = Field(max_length=REASON_LENGTH_MAX)
    dry_run: bool = False


class ConfirmBody(_Wire):
    """What the second operator says, if anything."""

    reason: str = Field(default="", max_length=REASON_LENGTH_MAX)


class RejectBody(_Wire):
    """Why not."""

    reason: str = Field(max_length=REASON_LENGTH_MAX)


class ConfirmationOut(_Wire):
    """A request that waits, or how it ended. `preview` is what the command said it would do when it was asked for."""

    id: str
    command: str
    params: Mapping[str, Any]
    params_hash: str
    preview: Mapping[str, Any]
    requested_by: str
    requested_by_email: str | None
    requested_as: str
    reason: str
    requested_at: datetime
    expires_at: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    result: Mapping[str, Any] | None


class OutcomeOut(_Wire):
    """What became of a run. `automationId` names it in the audit; a dry run has none."""

    command: str
    status: str
    automation_id: str | None
    result: Mapping[str, Any]
    confirmation: ConfirmationOut | None = None


def router(given: Commanding) -> Routes:
    """Return the routes under /ops."""
    ops = Routes(prefix="/ops", tags=["recovery"])

    @ops.get("/commands", summary="The recovery commands")
    async def commands(_: Reader) -> list[CommandOut]:
        return [CommandOut.model_validate(each.to_wire()) for each in given.registry.every()]

    @ops.post(
        "/commands/{name}", summary="Run a recovery command", responses=problem_responses(CommandNotFound, AlreadyRequested)
    )
    async def run(name: str, body: RunBody, operator: Operator, response: Response) -> OutcomeOut:
        outcome = await perform(given, operator, name, body.params, reason=body.reason, dry_run=body.dry_run)
        if outcome.status == "awaiting-confirmation":
            response.status_code = 202
        return outcome_out(outcome)

    @ops.get("/confirmations", summary="What waits for a second operator, and what was decided")
    async def confirmations(
        _: Reader, state: State | None = None, limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 200
    ) -> list[ConfirmationOut]:
        return [confirmation_out(each) for each in await confirming.list_confirmations(given, state=state, limit=limit)]

    answers = problem_responses(confirming.ConfirmationNotFound, confirming.NotPending, confirming.SamePerson)

    @ops.post("/confirmations/{confirmation_id}/confirm", summary="Confirm as a second operator", responses=answers)
    async def confirm(confirmation_id: str, person: Person, body: ConfirmBody | None = None) -> OutcomeOut:
        reason = (body or ConfirmBody()).reason
        return outcome_out(await confirming.confirm(given, person, confirmation_id, reason=reason))

    @ops.post("/confirmations/{confirmation_id}/reject", summary="Reject a request, or take it back", responses=answers)
    async def reject(confirmation_id: str, body: RejectBody, operator: Operator) -> ConfirmationOut:
        return confirmation_out(await confirming.reject(given, operator, confirmation_id, reason=body.reason))

    return ops


def outcome_out(outcome: Outcome) -> OutcomeOut:
    """Return the wire form of what became of a run."""
    waiting = None if outcome.confirmation is None else confirmation_out(outcome.confirmation)
    return OutcomeOut(
        command=outcome.command, status=outcome.status, automation_id=outcome.run_id, result=plain_answer(outcome.result),
        confirmation=waiting,
    )  # fmt: skip


def confirmation_out(each: Confirmation) -> ConfirmationOut:
    """Return the wire form of a request."""
    return ConfirmationOut(**{name: getattr(each, name) for name in ConfirmationOut.model_fields})
