"""Turn a waiting request into a command that ran, by a different operator within 24 hours, or into a rejected one.

The confirmation, the command's effect and the audit are one transaction under a lock on the request: two confirmations at
once have one effect, and a process killed in between leaves the request waiting. Refused are: the person who asked, whatever
session or token they come with; a machine; the command line as such, which proves no person; an account that was made after
the request; anyone without the command's role. What two accounts of one person would do, no program can see.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import store
from ruach_studio.infra.commands.command import Call, Command, checked_reason
from ruach_studio.infra.commands.perform import (
    Commanding,
    Outcome,
    check_role,
    end_expired,
    note,
    person_of,
    plain_answer,
    refusals_noted,
    spelled,
)  # fmt: skip
from ruach_studio.infra.commands.store import Confirmation, State
from ruach_studio.infra.context import bind
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Conflict, Forbidden, NotFound
from ruach_studio.kernel.ids import checked_uuid4

log = get_logger(__name__)


class ConfirmationNotFound(NotFound):
    """Nobody asked for a confirmation with this id."""

    code = "confirmation_not_found"


class NotPending(Conflict):
    """The request no longer waits."""

    code = "confirmation_not_pending"


class SamePerson(Forbidden):
    """Whoever asks cannot confirm; it takes a different operator."""

    code = "second_operator_needed"


async def confirm(given: Commanding, principal: Principal, confirmation_id: str, *, reason: str = "") -> Outcome:
    """Confirm a request and run it, in one transaction. Raises ConfirmationNotFound, NotPending (decided or too late),
    SamePerson, Forbidden (role, machine, too new an account) and what the command refuses; then the request still waits."""
    asked = await _waiting(given, confirmation_id)
    command = given.registry.named(asked.command)
    told = spelled(asked.command, asked.params, asked.reason)
    with bind(automation_id=asked.id):
        noted = refusals_noted(
            given.database, asked.id, "awaiting-confirmation", actor=principal.actor, told=f"confirming {told}",
            stays="awaiting-confirmation", unless=(NotPending,),
        )  # fmt: skip
        async with noted, given.database.transaction() as tx:
            at = given.clock.now()
            asked = await _locked(tx, confirmation_id, at)
            await _check_second(tx, command, asked, principal)
            call = Call(command.parsed(asked.params), asked.reason, asked.requested_as, asked.requested_by, at,
                        confirmed_by=principal.account_id)  # fmt: skip
            assert command.atomic is not None  # noqa: S101  (Command checks it)
            result = plain_answer(await command.atomic(tx, call))
            said = reason.strip()
            await store.decide(tx, asked.id, "executed", by=principal.account_id, at=at, reason=said, result=result)
            await note(tx, asked.id, "awaiting-confirmation", "confirmed", actor=principal.actor, told=said or told)
            await note(tx, asked.id, "confirmed", "done", actor=asked.requested_as, told=told)
    log.info("command.done", command=asked.command, actor=asked.requested_as, confirmed_by=principal.actor)
    return Outcome(asked.command, "done", result, asked.id)


async def reject(given: Commanding, principal: Principal, confirmation_id: str, *, reason: str) -> Confirmation:
    """End a request without running it; who asked may take it back. Raises ConfirmationNotFound, NotPending, Forbidden."""
    why = checked_reason(reason)
    asked = await _waiting(given, confirmation_id)
    check_role(given.registry.named(asked.command), principal)
    with bind(automation_id=asked.id):
        async with given.database.transaction() as tx:
            at = given.clock.now()
            asked = await _locked(tx, confirmation_id, at)
            by = await person_of(tx, principal)
            await store.decide(tx, asked.id, "rejected", by=by, at=at, reason=why)
            await note(tx, asked.id, "awaiting-confirmation", "rejected", actor=principal.actor, told=why)
            found = await store.get(tx, asked.id)
    assert found is not None  # noqa: S101  (it was locked above)
    return found


async def list_confirmations(given: Commanding, *, state: State | None = None, limit: int = 200) -> list[Confirmation]:
    """Return requests, newest first, those of one state if it is named; those whose time is over are ended first."""
    async with given.database.transaction() as tx:
        await end_expired(tx, given.clock)
        return await store.listed(tx, state=state, limit=limit)


async def _waiting(given: Commanding, confirmation_id: str) -> Confirmation:
    """Return the request if it waits; what is too late is ended here, in a transaction that stands."""
    checked_uuid4(confirmation_id, field="confirmationId")
    async with given.database.transaction() as tx:
        await end_expired(tx, given.clock)
        found = await store.get(tx, confirmation_id)
    return _pending(found, confirmation_id)


async def _locked(tx: AsyncConnection, confirmation_id: str, at: datetime) -> Confirmation:
    asked = _pending(await store.get(tx, confirmation_id, lock=True), confirmation_id)
    if asked.expires_at <= at:  # it ran out since `_waiting` looked
        raise NotPending(f"it ran out at {asked.expires_at.isoformat()}", subject=asked.id, remedy="Ask again.")
    return asked


def _pending(asked: Confirmation | None, confirmation_id: str) -> Confirmation:
    if asked is None:
        raise ConfirmationNotFound(subject=confirmation_id, remedy="`ruach ops confirmations` lists what waits.")
    if asked.state != "pending":
        when = asked.decided_at.isoformat() if asked.decided_at else "an unknown time"
        raise NotPending(f"it is {asked.state} since {when}", subject=asked.id, remedy="Ask again if it is still needed.")
    return asked


async def _check_second(tx: AsyncConnection, command: Command[Any], asked: Confirmation, principal: Principal) -> None:
    check_role(command, principal)
    by = await person_of(tx, principal)
    if by == asked.requested_by:
        raise SamePerson("the one who asked cannot confirm it", subject=principal.email,
                         remedy="Let a different operator confirm it within 24 hours.")  # fmt: skip
    if principal.kind != "session":
        what = "a service token" if principal.kind == "service" else "the command line by itself"
        raise Forbidden(f"{what} is no second person", subject=principal.email,
                        remedy="Sign in as a person; on the command line with --as EMAIL.")  # fmt: skip
    second, first = await store.person(tx, by), await store.person(tx, asked.requested_by)
    if second is None or second.disabled or second.created_at > asked.requested_at:
        raise Forbidden("the account was made after the request, or is disabled", subject=principal.email,
                        remedy="Let an operator confirm it who was one before.")  # fmt: skip
    if first is None or first.disabled or not Principal(asked.requested_by, "", first.roles).holds_one_of(command.roles):
        raise Conflict("who asked for it is no operator any more", subject=asked.id, remedy="Reject it, and ask anew.")
