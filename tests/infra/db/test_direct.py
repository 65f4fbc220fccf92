"""A direct statement is SQLAlchemy's own in all but the way: same values, same transaction, same errors to the outside."""

import psycopg
import pytest
import sqlalchemy as sa

from ruach_studio.infra.db import Database, DirectStatement
from ruach_studio.infra.db.errors import DatabaseUnavailable

THING = sa.table("thing", sa.column("id"), sa.column("name"))
INSERT = DirectStatement(THING.insert().values(id=sa.bindparam("id"), name="always this"))
NAMES = DirectStatement(sa.select(THING.c.id, THING.c.name).order_by(THING.c.id))


@pytest.fixture
async def things(database):
    async with database.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE thing (id int PRIMARY KEY, name text)"))
    return database


async def test_it_brings_its_own_values_and_takes_the_given(things):
    async with things.transaction() as tx:
        assert await INSERT.run(tx, {"id": 1}) == []
        assert await NAMES.run(tx, {}) == [(1, "always this")]


async def test_it_is_in_the_transaction_that_stands(things):
    async def broken():
        async with things.transaction() as tx:
            await INSERT.run(tx, {"id": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    async with things.statements() as conn:
        await INSERT.run(conn, {"id": 2})
    async with things.connection() as conn:
        assert await NAMES.run(conn, {}) == [(2, "always this")]


async def test_a_read_only_connection_refuses_its_write(things):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with things.connection() as conn:
            await INSERT.run(conn, {"id": 1})


async def test_a_missing_value_is_an_error_and_the_connection_goes_on(things):
    async with things.statements() as conn:
        with pytest.raises(psycopg.ProgrammingError, match="id"):
            await INSERT.run(conn, {})
        assert await NAMES.run(conn, {}) == []


async def test_a_read_leaves_what_the_connection_has_prepared(database_url):
    """psycopg gives up all prepared statements after a ROLLBACK; a read ends with a COMMIT of nothing."""
    prepared = DirectStatement(sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%always%'"))
    async with Database(database_url, pool_size=1) as database:
        async with database.statements() as conn:
            assert await prepared.run(conn, {}) == [(1,)]  # itself
        async with database.connection() as conn:
            await conn.execute(sa.text("SELECT 1"))
        async with database.statements() as conn:
            still = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%always%'"
            assert await conn.scalar(sa.text(still)) == 1


async def test_a_server_that_leaves_in_the_middle_is_unavailable_and_the_next_statement_has_a_new_connection(database_url):
    leaving = DirectStatement(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with Database(database_url, pool_size=1) as database:
        with pytest.raises(DatabaseUnavailable):
            async with database.statements() as conn:
                await leaving.run(conn, {})
        async with database.statements() as conn:
            assert await DirectStatement(sa.text("SELECT 1")).run(conn, {}) == [(1,)]
