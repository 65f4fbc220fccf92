"""One connection is kept for what jobs wait for: the same one, with its own settings, and another when it was lost."""

import asyncio

import pytest
from sqlalchemy import text

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.kept import KeptConnection
from ruach_studio.kernel.errors import Unavailable


async def pid_on(kept):
    async with kept.driver() as conn:
        return conn.info.backend_pid


async def alive(database, pid):
    async with database.connection() as conn:
        return bool(await conn.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid}))


@pytest.fixture
def kept(database):
    return KeptConnection(database, "-c plan_cache_mode=force_generic_plan")


async def test_it_is_the_same_one_with_settings_of_its_own_and_each_statement_commits(database, kept):
    async with kept.driver() as conn:
        assert (await (await conn.execute("SHOW plan_cache_mode")).fetchone()) == ("force_generic_plan",)
        await conn.execute("CREATE TABLE kept (n int)")
        first = conn.info.backend_pid
    assert await pid_on(kept) == first
    async with database.connection() as pooled:
        assert await pooled.scalar(text("SELECT count(*) FROM kept")) == 0
        assert await pooled.scalar(text("SHOW plan_cache_mode")) == "auto"


async def test_who_comes_while_it_is_in_use_gets_a_pooled_one(kept):
    async with kept.driver() as first, kept.driver() as second:
        assert first.info.backend_pid != second.info.backend_pid
        assert (await (await second.execute("SHOW plan_cache_mode")).fetchone()) == ("auto",)


async def test_one_that_the_server_ended_is_replaced_before_anybody_asks_it(database, kept):
    lost = await pid_on(kept)
    async with database.connection() as conn:
        assert await conn.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": lost})
    async with kept.driver() as conn:
        assert (await (await conn.execute("SELECT 1")).fetchone()) == (1,)
        assert conn.info.backend_pid != lost


@pytest.mark.parametrize("how", ["error", "transaction", "cancelled"])
async def test_one_that_was_left_in_disorder_is_given_to_nobody(kept, how):
    before = await pid_on(kept)

    async def use():
        async with kept.driver() as conn:
            if how == "transaction":
                await conn.execute("BEGIN")
            elif how == "error":
                raise ValueError
            else:
                await conn.execute("SELECT pg_sleep(60)")

    using = asyncio.create_task(use())
    if how == "cancelled":
        await asyncio.sleep(0)
        using.cancel()
    await asyncio.wait({using})
    assert await pid_on(kept) != before


async def test_the_databases_end_is_its_end(database):
    other = Database(database.dsn)
    async with other:
        pid = await pid_on(KeptConnection(other, ""))
        assert await alive(database, pid)
    async with asyncio.timeout(10):
        while await alive(database, pid):  # noqa: ASYNC110  (the server's process takes a moment to see it)
            await asyncio.sleep(0.02)


async def test_an_outage_is_told_as_one():
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        await pid_on(KeptConnection(nowhere, ""))
