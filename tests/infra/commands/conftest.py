"""Two commands with an effect that can be counted, operators in several shapes, and a clock that a test moves."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.auth.accounts import create_account, ensure_local_operator
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.service_tokens import find, issue_service_token
from ruach_studio.infra.commands import Command, Commanding, CommandRegistry
from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.errors import Conflict

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WRITE = sa.text("INSERT INTO platform.idempotency (key, response) VALUES (:key, :by)")


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.moment = NOON

    def now(self):
        return self.moment

    def move(self, **by):
        self.moment += timedelta(**by)


class OpenParams(BaseModel):
    """`door` None: whichever is shut."""

    model_config = ConfigDict(extra="forbid")
    door: str | None = None
    forced: bool = False
    fails: bool = False


async def settle(_conn, call):
    return call.params.model_copy(update={"door": call.params.door or "the back door"})


async def open_door(tx, call):
    if call.params.fails:
        raise Conflict("it is walled up", subject=call.params.door)
    if not call.dry_run:
        await tx.execute(WRITE, {"key": new_id(), "by": f"{call.requested_by}+{call.confirmed_by}"})
    return {"opens": call.params.door, "requestedBy": call.requested_by, "confirmedBy": call.confirmed_by}


@pytest.fixture(autouse=True)
def correlation_id():
    with bind(correlation_id=new_id()) as ids:
        yield ids.correlation_id


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def given(database, clock):
    async def wander(call):
        if call.params.fails:
            raise Conflict("there is no way")
        async with database.transaction() as tx:
            await tx.execute(WRITE, {"key": new_id(), "by": call.actor})
        return {"steps": 3}

    commands = [
        Command(
            "test.open", "test", "a door is shut", "it opens", OpenParams, atomic=open_door, settle=settle,
            supports_dry_run=True, needs_second_operator=lambda params: params.forced, second_operator_when="forced is true",
        ),
        Command("test.wander", "test", "nobody knows why", "time passes", OpenParams, stepwise=wander, roles=("admin",)),
    ]  # fmt: skip
    return Commanding(database, CommandRegistry(commands), clock)


@pytest.fixture
def done(database):
    """Return a coroutine that tells who asked for and who confirmed each opened door."""

    async def read():
        async with database.connection() as conn:
            return sorted((await conn.execute(sa.text("SELECT response FROM platform.idempotency"))).scalars())

    return read


@pytest.fixture
def trail(database):
    """Return a coroutine that gives (from, to, actor) of each step of a run, oldest first, with `telling` its reason too."""

    async def read(run_id=None, *, telling=False):
        async with database.connection() as conn:
            rows = await list_transitions(conn, entity="command", entity_id=run_id)
        return [(row["from"], row["to"], row["actor"], *([row["reason"]] if telling else [])) for row in reversed(rows)]

    return read


@pytest.fixture
def person(database, clock, monkeypatch):
    """Return a coroutine that makes an account and its principal."""

    async def make(name, *roles, at=None):
        async with database.transaction() as tx:
            made = await create_account(
                tx, f"{name}@studio.test", "correct horse battery", roles or ("operator",), at=at or clock.now()
            )
        return Principal(made.account_id, made.email, made.roles)

    return make


@pytest.fixture
def machine(database, clock):
    """Return a coroutine that issues a service token for a person and gives its principal."""

    async def make(maker):
        async with database.transaction() as tx:
            issued = await issue_service_token(
                tx, name="ci", roles=["operator"], scopes=["ops:write"], created_by=maker, at=clock.now()
            )
        return await find(database, issued.secret, clock.now())

    return make


@pytest.fixture
def local(database):
    """Return a coroutine that gives the command line's own principal."""

    async def make():
        async with database.transaction() as tx:
            return await ensure_local_operator(tx)

    return make
