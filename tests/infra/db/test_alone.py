"""One holder at a time, and the lock goes with its holder."""

import pytest
import sqlalchemy as sa

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.alone import HeldElsewhere, alone
from ruach_studio.infra.db.errors import DatabaseUnavailable


async def test_only_one_holds_a_name_and_another_may_after_it(database):
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
