import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ruach_studio.render.lifecycle import ALLOWED, STEPS
from ruach_studio.render.preset_wire import NAME
from ruach_studio.render.store.tables import METADATA
from ruach_studio.render.usecases.request_renders import request_renders


async def test_the_tables_are_those_of_the_migration(database):
    query = text("select table_name, column_name from information_schema.columns where table_schema = 'render'")
    async with database.connection() as conn:
        real = {tuple(row) for row in await conn.execute(query)}
    assert real == {(table.name, column.name) for table in METADATA.tables.values() for column in table.columns}


async def test_states_and_steps_are_checked_by_the_same_words(database):
    query = text("select pg_get_constraintdef(oid) from pg_constraint where connamespace = 'render'::regnamespace")
    async with database.connection() as conn:
        checks = " ".join(row[0] for row in await conn.execute(query))
    assert all(f"'{word}'" in checks for word in (*ALLOWED, *STEPS))
    assert NAME.pattern in checks


async def test_a_locked_edl_never_changes(services, lock, wire):
    await lock(wire)
    for statement in ("update render.locked_edl set version = 9", "delete from render.locked_edl"):
        with pytest.raises(DBAPIError, match="facts and never change"):
            async with services.database.transaction() as tx:
                await tx.execute(text(statement))


async def test_a_second_live_job_for_a_key_is_impossible_even_by_hand(services, lock, wire):
    await lock(wire)
    await request_renders(services, "talk-1", ["thumbnail"], actor="a")
    copy = text(
        "insert into render.render_job select gen_random_uuid(), session_id, format, edl_version, automation_id, 'queued',"
        " step, attempt, retry_of, critical, requested_by, reason, error, notes, created_at, updated_at"
        " from render.render_job"
    )
    with pytest.raises(DBAPIError, match="render_job_live"):
        async with services.database.transaction() as tx:
            await tx.execute(copy)
