"""Turn an operator's request into a command that ran, a dry run, or a request that waits for a second operator.

Every run has one id, which is its automation id: in the audit the entity `command` with that id goes (nothing) -> done, or
-> awaiting-confirmation -> confirmed -> done, or rejected or expired; refused and failed runs stand there too. A dry run
writes nothing, not even that. confirmations.py carries a waiting request to its end.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import store
from ruach_studio.infra.commands.command import Answer, Call, Command, CommandRegistry, checked_reason, wire_params
from ruach_studio.infra.commands.store import Confirmation
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.clock import Clock
from ruach_studio.kernel.errors import BadInput, Conflict, Forbidden, RuachError
from ruach_studio.kernel.hashing import canonical_json, inputs_hash, plain

CONFIRM_WITHIN = timedelta(hours=24)
ENTITY = "command"
_AUDIT_TEXT_MAX = 2000
log = get_logger(__name__)


class AlreadyRequested(Conflict):
    """Somebody else asked for exactly this, and it waits for a second operator."""

    code = "already_requested"


@dataclass(frozen=True, slots=True)
class Commanding:
    """What running a command takes: the database, the registered commands and the time."""

    database: Database
    registry: CommandRegistry
    clock: Clock


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request. `run_id` is None for a dry run, which leaves no trace."""

    command: str
    status: Literal["done", "dry-run", "awaiting-confirmation"]
    result: Answer
    run_id: str | None = None
    confirmation: Confirmation | None = None


async def perform(
    given: Commanding, principal: Principal, name: str, params: Mapping[str, Any], *, reason: str, dry_run: bool = False
) -> Outcome:
    """Run a command for `principal`. Raises CommandNotFound, BadInput (parameters, reason, dry run), Forbidden (role),
    AlreadyRequested, and whatever the command itself refuses; a refusal stands in the audit."""
    command = given.registry.named(name)
    why = checked_reason(reason)
    check_role(command, principal)
    parsed = command.parsed(params)
    if dry_run and not command.supports_dry_run:
        raise BadInput(f"{name} has no dry run", subject="dryRun", remedy="Leave it out.")
    async with given.database.connection() as conn:
        person = await person_of(conn, principal)
        call = Call(parsed, why, principal.actor, person, given.clock.now(), dry_run=dry_run)
        if command.settle is not None:
            call = replace(call, params=await command.settle(conn, call))
        if dry_run:
            result = await _dry(command, conn, call)
            log.info("command.dry_run", command=name, actor=principal.actor)
            return Outcome(name, "dry-run", result)
    run_id = new_id()
    with bind(automation_id=run_id):
        if command.needs_second_operator(call.params):
            return await _request(given, command, call, run_id)
        result = await _run(given, command, call, run_id)
    return Outcome(name, "done", result, run_id)


def check_role(command: Command[Any], principal: Principal) -> None:
    """Raise Forbidden unless `principal` holds a role that the command asks for."""
    if not principal.holds_one_of(command.roles):
        raise Forbidden(f"{command.name} needs the role {' or '.join(sorted(command.roles))}", subject=principal.email,
                        remedy="Ask an admin for it.")  # fmt: skip


async def person_of(conn: AsyncConnection, principal: Principal) -> str:
    """Return the account behind a session, a service token (who made it) or the command line. Raises Forbidden if none."""
    if principal.kind != "service":
        return principal.account_id
    found = await store.person_of_token(conn, principal.account_id)
    if found is None:
        raise Forbidden("nobody is known to have made this token", subject=principal.email, remedy="Issue a new one.")
    return found


async def note(tx: AsyncConnection, run_id: str, before: str | None, after: str, *, actor: str, told: str) -> None:
    """Record one step of a run in the audit."""
    await record_transition(
        tx, entity=ENTITY, entity_id=run_id, from_state=before, to_state=after, actor=actor, reason=told[:_AUDIT_TEXT_MAX]
    )


def spelled(command: str, params: Mapping[str, Any], reason: str) -> str:
    """Return a run in one line: `formation.repair {"enrollmentId":"…"}: reason`."""
    return f"{command} {canonical_json(params).decode()}: {reason}"


@asynccontextmanager
async def refusals_noted(
    database: Database,
    run_id: str,
    before: str | None,
    *,
    actor: str,
    told: str,
    stays: str | None = None,
    unless: tuple[type[Exception], ...] = (),
) -> AsyncIterator[None]:
    """Note what the block refused (4xx) or failed at, in a transaction of its own; a request that `stays` is not ended."""
    try:
        yield
    except unless:
        raise
    except Exception as error:
        refused = isinstance(error, RuachError) and error.status < 500
        why = f"{told} | {error.code if isinstance(error, RuachError) else type(error).__name__}: {error}"
        async with database.transaction() as tx:
            await note(tx, run_id, before, stays or ("refused" if refused else "failed"), actor=actor, told=why)
        raise


async def _dry(command: Command[Any], conn: AsyncConnection, call: Call[Any]) -> Answer:
    if command.atomic is not None:
        return await command.atomic(conn, replace(call, dry_run=True))
    assert command.stepwise is not None  # noqa: S101  (Command checks it)
    return await command.stepwise(replace(call, dry_run=True))


async def _run(given: Commanding, command: Command[Any], call: Call[Any], run_id: str) -> Answer:
    told = spelled(command.name, wire_params(call.params), call.reason)
    if command.atomic is not None:
        noted = refusals_noted(given.database, run_id, None, actor=call.actor, told=told)
        async with noted, given.database.transaction() as tx:
            result = await command.atomic(tx, call)
            await note(tx, run_id, None, "done", actor=call.actor, told=told)
    else:
        assert command.stepwise is not None  # noqa: S101  (Command checks it)
        async with given.database.transaction() as tx:
            await note(tx, run_id, None, "running", actor=call.actor, told=told)
        async with refusals_noted(given.database, run_id, "running", actor=call.actor, told=told):
            result = await command.stepwise(call)
        async with given.database.transaction() as tx:
            await note(tx, run_id, "running", "done", actor=call.actor, told=told)
    log.info("command.done", command=command.name, actor=call.actor)
    return result


async def _request(given: Commanding, command: Command[Any], call: Call[Any], run_id: str) -> Outcome:
    params = wire_params(call.params)
    told = spelled(command.name, params, call.reason)
    async with refusals_noted(given.database, run_id, None, actor=call.actor, told=told):
        async with given.database.connection() as conn:
            preview = await _dry(command, conn, call)
        asked = Confirmation(
            run_id, command.name, params, inputs_hash([command.name, params]), dict(preview), call.requested_by, call.actor,
            None, call.reason, call.at, call.at + CONFIRM_WITHIN,
        )  # fmt: skip
        async with given.database.transaction() as tx:
            await end_expired(tx, given.clock)
            if await store.insert(tx, asked):
                await note(tx, run_id, None, "awaiting-confirmation", actor=call.actor, told=told)
                waiting = await store.get(tx, run_id)
            else:
                waiting = await store.pending(tx, command.name, asked.params_hash)
        if waiting is None:  # it was decided between the two statements
            raise Conflict("it was just decided", subject=command.name, remedy="Look at the confirmations and ask again.")
        if waiting.requested_by != call.requested_by:
            raise AlreadyRequested(
                f"{waiting.requested_by_email or waiting.requested_as} asked for it at {waiting.requested_at.isoformat()}",
                subject=command.name, remedy=f"Confirm or reject {waiting.id} instead.", confirmation_id=waiting.id,
            )  # fmt: skip
    log.info("command.awaits_confirmation", command=command.name, actor=call.actor, confirmation=waiting.id)
    return Outcome(command.name, "awaiting-confirmation", plain_answer(waiting.preview), waiting.id, waiting)


async def end_expired(tx: AsyncConnection, clock: Clock) -> None:
    """End the requests that nobody confirmed in time, each with its row in the audit."""
    for run_id in await store.expire(tx, clock.now()):
        with bind(automation_id=run_id):
            await note(tx, run_id, "awaiting-confirmation", "expired", actor="clock", told="nobody confirmed it within 24 h")


def plain_answer(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain JSON values."""
    found = plain(answer)
    assert isinstance(found, dict)  # noqa: S101  (an answer is a mapping)
    return found
