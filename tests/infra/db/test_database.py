"""Transactions happen wholly or not at all; an outage is Unavailable, a mistake is not."""

import asyncio
import time
from contextlib import AsyncExitStack

import psycopg
import pytest
from sqlalchemy import exc, text

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.errors import DatabaseFull, DatabaseUnavailable
from ruach_studio.kernel.errors import Unavailable


async def rows(database: Database) -> list[int]:
    async with database.connection() as conn:
        return list((await conn.execute(text("select n from render.thing order by n"))).scalars())


@pytest.fixture
async def thing(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute(text("create table render.thing (n int primary key)"))
    return database


async def test_a_transaction_commits_at_its_end(thing: Database) -> None:
    async with thing.transaction() as tx:
        await tx.execute(text("insert into render.thing values (1), (2)"))
        assert await rows(thing) == []
    assert await rows(thing) == [1, 2]


async def test_a_transaction_rolls_back_on_any_error(thing: Database) -> None:
    async def fails_in_the_middle() -> None:
        async with thing.transaction() as tx:
            await tx.execute(text("insert into render.thing values (1)"))
            raise KeyError("in the middle")

    with pytest.raises(KeyError):
        await fails_in_the_middle()
    assert await rows(thing) == []


async def test_work_that_comes_one_by_one_keeps_to_one_warm_connection(database_url: str) -> None:
    async with Database(database_url, pool_size=4) as database, AsyncExitStack() as together:
        for _ in range(4):
            await together.enter_async_context(database.driver())
        await together.aclose()
        used = set()
        for _ in range(8):
            async with database.driver() as conn:
                used.add(conn.info.backend_pid)
    assert len(used) == 1


async def test_statements_commit_each_by_itself_and_leave_the_connection_as_it_was(database_url: str) -> None:
    async with Database(database_url, pool_size=1) as one:
        async with one.statements() as conn:
            await conn.execute(text("create table render.thing (n int primary key)"))
            await conn.execute(text("insert into render.thing values (1)"))
            with pytest.raises(exc.IntegrityError):
                await conn.execute(text("insert into render.thing values (2), (1)"))
        assert await rows(one) == [1]

        async def fails_in_the_middle() -> None:
            async with one.transaction() as tx:  # the same connection: it must not commit by itself now
                await tx.execute(text("insert into render.thing values (3)"))
                raise KeyError("in the middle")

        with pytest.raises(KeyError):
            await fails_in_the_middle()
        assert await rows(one) == [1]


async def test_a_driver_s_statements_commit_each_and_the_next_transaction_is_one_again(database_url: str) -> None:
    async with Database(database_url, pool_size=1) as one:
        async with one.transaction() as tx:
            await tx.execute(text("create table render.each (n int primary key)"))

        async def rolled_back() -> None:
            async with one.transaction() as tx:
                await tx.execute(text("insert into render.each values (9)"))
                raise KeyError

        async def fails(statement: str) -> None:
            async with one.driver() as conn:
                await conn.execute("insert into render.each values ((select count(*) + 1 from render.each))")
                await conn.execute(statement)  # type: ignore[call-overload]

        for statement, error in (
            ("insert into render.each values (1)", psycopg.errors.UniqueViolation),
            ("select pg_terminate_backend(pg_backend_pid())", Unavailable),
        ):
            with pytest.raises(error):
                await fails(statement)
            with pytest.raises(KeyError):
                await rolled_back()
        async with one.connection() as conn:
            assert list((await conn.execute(text("select n from render.each order by n"))).scalars()) == [1, 2]
        async with one.driver() as driver, asyncio.timeout(5):
            sleeping = asyncio.create_task(driver.execute("select pg_sleep(60)"))
            await asyncio.wait({sleeping}, timeout=0.1)
            sleeping.cancel()
            await asyncio.wait({sleeping})
        with pytest.raises(KeyError):
            await rolled_back()
        assert one.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_broken_constraint_is_no_outage(thing: Database) -> None:
    with pytest.raises(exc.IntegrityError):
        async with thing.transaction() as tx:
            await tx.execute(text("insert into render.thing values (1), (1)"))
    with pytest.raises(exc.ProgrammingError):
        async with thing.transaction() as tx:
            await tx.execute(text("select nonsense"))


async def test_a_read_only_connection_refuses_to_write_and_gives_the_next_user_a_writing_one(thing: Database) -> None:
    with pytest.raises(exc.DBAPIError, match="read-only transaction"):
        async with thing.connection() as conn:
            await conn.execute(text("insert into render.thing values (1)"))
    async with thing.transaction() as tx:
        await tx.execute(text("insert into render.thing values (7)"))
    assert await rows(thing) == [7]


async def test_a_server_that_is_away_is_unavailable_and_retryable_at_once(tmp_path) -> None:
    database = Database(f"postgresql://ruach@/ruach?host={tmp_path}")
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as caught:
        async with database.transaction():
            pass
    await database.close()
    assert time.monotonic() - began < 2
    assert isinstance(caught.value, Unavailable)
    assert (caught.value.status, caught.value.retryable) == (503, True)
    with pytest.raises(DatabaseUnavailable):
        await Database(f"postgresql://ruach@/ruach?host={tmp_path}").__aenter__()


async def test_a_connection_killed_in_use_is_unavailable_and_the_next_one_works(thing: Database) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        async with thing.transaction() as tx:
            await tx.execute(text("select pg_terminate_backend(pg_backend_pid())"))
    assert caught.value.details["sqlstate"] == "57P01"
    assert await rows(thing) == []


async def test_a_pooled_connection_killed_while_idle_costs_no_request(thing: Database) -> None:
    async with thing.connection() as conn:
        pid = (await conn.execute(text("select pg_backend_pid()"))).scalar_one()
    with psycopg.connect(thing.dsn, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
    assert await rows(thing) == []


async def test_a_drained_pool_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ruach_studio.infra.db.database._POOL_WAIT_S", 0.2)
    async with Database(database_url, pool_size=1) as small, small.connection(), small.connection():
        with pytest.raises(DatabaseUnavailable, match="every connection is in use"):
            async with small.connection():
                pass


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", DatabaseFull),
        ("40P01", DatabaseUnavailable),
        ("55P03", DatabaseUnavailable),
        ("57P03", DatabaseUnavailable),
    ],
)
async def test_what_the_server_says_becomes_its_plain_kind(database: Database, state: str, kind: type[Exception]) -> None:
    statement = f"do $$ begin raise exception 'it is so' using errcode = '{state}'; end $$"
    with pytest.raises(kind, match="it is so") as caught:
        async with database.transaction() as tx:
            await tx.execute(text(statement))
    assert caught.value.details["sqlstate"] == state
    assert caught.value.retryable


async def test_a_cancelled_transaction_rolls_back_and_gives_its_connection_back(thing: Database) -> None:
    inserted = asyncio.Event()

    async def work() -> None:
        async with thing.transaction() as tx:
            await tx.execute(text("insert into render.thing values (1)"))
            inserted.set()
            await tx.execute(text("select pg_sleep(60)"))

    task = asyncio.create_task(work())
    await inserted.wait()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 10
    assert await rows(thing) == []
    assert thing.engine.pool.checkedout() == 0


async def test_no_error_tells_the_values_that_were_written(database):
    with pytest.raises(exc.DBAPIError) as caught:
        async with database.transaction() as tx:
            await tx.execute(text("SELECT CAST(:secret AS integer)"), {"secret": 10**12})
    assert "integer out of range" in str(caught.value)
    assert str(10**12) not in str(caught.value)
