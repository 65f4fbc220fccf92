"""Journal rows are numbered without a gap, read back in order, and never changed."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store import journal

START = datetime(2026, 3, 1, tzinfo=UTC)


def viewed(enrollment, second, data=None):
    whole = {"sectionId": "s1", "phase": "awakening", "dwellTimeSeconds": second}
    return JournalEvent(
        str(uuid.uuid4()), "7", enrollment, "section_viewed", "s1", START + timedelta(seconds=second), data or whole
    )


async def test_what_is_written_is_read_in_order(database):
    enrollment = str(uuid.uuid4())
    events = [viewed(enrollment, n * 10) for n in range(3)]
    async with database.transaction() as tx:
        assert [await journal.append(tx, event) for event in events] == [1, 2, 3]
    async with database.connection() as conn:
        assert list(await journal.read(conn, enrollment)) == [(1, events[0]), (2, events[1]), (3, events[2])]


async def test_versions_have_no_gap_under_twelve_writers(database):
    enrollment = str(uuid.uuid4())

    async def write(second):
        async with database.transaction() as tx:
            await journal.append(tx, viewed(enrollment, second))

    await asyncio.gather(*(write(n) for n in range(12)))
    async with database.connection() as conn:
        assert [version for version, _ in await journal.read(conn, enrollment)] == list(range(1, 13))


@pytest.mark.parametrize("statement", ["UPDATE formation.journal SET user_id = '8'", "DELETE FROM formation.journal"])
async def test_the_journal_is_append_only(database, statement):
    async with database.transaction() as tx:
        await journal.append(tx, viewed(str(uuid.uuid4()), 1))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(sa.text(statement))


async def test_the_database_itself_refuses_an_eighteenth_type(database):
    with pytest.raises(sa.exc.IntegrityError, match="journal_event_type"):
        async with database.transaction() as tx:
            await tx.execute(
                sa.text(
                    "INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id,"
                    " occurred_at, data)"
                    " VALUES (gen_random_uuid(), gen_random_uuid(), 1, '7', 'mood_changed', '', now(), '{}')"
                )
            )
