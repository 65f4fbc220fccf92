"""One holder at a time, and the lock goes with its holder."""

import asyncio

import pytest
import sqlalchemy as sa

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.alone import HeldElsewhere, alone
from ruach_studio.infra.db.errors import DatabaseUnavailable


async def test_only_one_holds_a_name_and_another_may_after_it(database):
    for _ in range(20):  # free the moment it is let go, not when the server has noticed
        async with alone(database, "a"):
            pass
    async with alone(database, "a"):
        with pytest.raises(HeldElsewhere):
            async with alone(database, "a"):
                pass
        async with alone(database, "b"):
            pass
    async with alone(database, "a"):
        pass


async def test_an_error_inside_lets_go(database):
    with pytest.raises(ZeroDivisionError):
        async with alone(database, "a"):
            raise ZeroDivisionError
    async with alone(database, "a"):
        pass


async def test_a_broken_line_lets_go_too(database):
    async with alone(database, "a"), database.transaction() as tx:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid IN" \
                 " (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"  # fmt: skip
        await tx.execute(sa.text(others))
    async with asyncio.timeout(10):
        while True:
            try:
                async with alone(database, "a"):
                    return
            except HeldElsewhere:
                await asyncio.sleep(0.05)


async def test_no_transaction_is_open_while_it_is_held(database):
    async with alone(database, "a"), database.connection() as conn:
        open_ones = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'")  # fmt: skip
        assert (await conn.execute(open_ones)).scalar_one() == 0


async def test_an_outage_is_unavailable():
    database = Database("postgresql:///nowhere?host=/nonexistent-socket")
    with pytest.raises(DatabaseUnavailable):
        async with alone(database, "a"):
            pass
    await database.close()
