"""Journal rows are numbered without a gap, checked against the sliding second, read back in order, and never changed."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store import enrollments, journal
from ruach_studio.kernel.errors import BadInput

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def enrollment(publish, enroll_row, walk_graph):
    return await enroll_row(await publish(walk_graph))


def viewed(enrollment, second, content="s1", user=None):
    whole = {"sectionId": content, "phase": "awakening", "dwellTimeSeconds": 3}
    at = START + timedelta(seconds=second)
    return JournalEvent(
        str(uuid.uuid4()), user or enrollment.user_id, enrollment.enrollment_id, "section_viewed", content, at, whole
    )


async def test_what_is_written_is_read_in_order(database, enrollment):
    events = [viewed(enrollment, n * 10) for n in range(3)]
    async with database.transaction() as tx:
        assert [(await journal.append(tx, event)).version for event in events] == [1, 2, 3]
    async with database.connection() as conn:
        assert await journal.read(conn, enrollment.enrollment_id) == [(1, events[0]), (2, events[1]), (3, events[2])]
        assert await journal.read(conn, enrollment.enrollment_id, after=2) == [(3, events[2])]
        assert (await enrollments.get(conn, enrollment.enrollment_id)).journal_version == 3


async def test_versions_have_no_gap_under_twelve_writers(database, enrollment):
    async def write(second):
        async with database.transaction() as tx:
            await journal.append(tx, viewed(enrollment, second))

    await asyncio.gather(*(write(n) for n in range(12)))
    async with database.connection() as conn:
        assert [version for version, _ in await journal.read(conn, enrollment.enrollment_id)] == list(range(1, 13))


@pytest.mark.parametrize(
    ("second", "accepted"), [(0.999999, False), (-0.999999, False), (1.0, True), (-1.0, True), (0, False)]
)
async def test_the_window_slides_to_both_sides_and_is_half_open(database, enrollment, second, accepted):
    first = viewed(enrollment, 0)
    async with database.transaction() as tx:
        await journal.append(tx, first)
        again = await journal.append(tx, viewed(enrollment, second))
        other = await journal.append(tx, viewed(enrollment, second, "s2"))
    assert (again.version, again.duplicate_of) == ((2, None) if accepted else (None, first.event_id))
    assert other.version == (3 if accepted else 2)


async def test_an_expected_version_that_has_passed_is_refused(database, enrollment):
    async with database.transaction() as tx:
        await journal.append(tx, viewed(enrollment, 0), expected_version=0)
    with pytest.raises(journal.JournalMoved, match="at version 1, 0 was expected"):
        async with database.transaction() as tx:
            await journal.append(tx, viewed(enrollment, 5), expected_version=0)


async def test_no_event_without_an_enrollment_or_for_another_user(database, enrollment):
    for event in (viewed(enrollment, 0, user="8"),):
        with pytest.raises(journal.EnrollmentNotFound):
            async with database.transaction() as tx:
                await journal.append(tx, event)
    async with database.connection() as conn:
        assert await journal.read(conn, enrollment.enrollment_id) == []


async def test_a_payload_is_checked_before_it_is_written(database, enrollment):
    event = viewed(enrollment, 0)
    broken = JournalEvent(event.event_id, event.user_id, event.enrollment_id, event.event_type, "s1", event.occurred_at, {})
    with pytest.raises(BadInput, match="lacks dwellTimeSeconds"):
        async with database.transaction() as tx:
            await journal.append(tx, broken)


async def test_a_reader_gets_every_enrollments_events_and_a_cursor(database, enrollment):
    async with database.transaction() as tx:
        for n in range(5):
            await journal.append(tx, viewed(enrollment, n * 2))
    async with database.connection() as conn:
        first, cursor = await journal.read_ahead(conn, journal.Cursor(), 3)
        rest, end = await journal.read_ahead(conn, cursor, 3)
        assert [each.version for each in (*first, *rest)] == [1, 2, 3, 4, 5]
        assert await journal.read_ahead(conn, end, 3) == ([], end)


@pytest.mark.parametrize("statement", ["UPDATE formation.journal SET user_id = '8'", "DELETE FROM formation.journal"])
async def test_the_journal_is_append_only(database, enrollment, statement):
    async with database.transaction() as tx:
        await journal.append(tx, viewed(enrollment, 1))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(sa.text(statement))


async def test_the_database_itself_refuses_an_unknown_type(database):
    with pytest.raises(sa.exc.IntegrityError, match="journal_event_type"):
        async with database.transaction() as tx:
            await tx.execute(
                sa.text(
                    "INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id,"
                    " occurred_at, data)"
                    " VALUES (gen_random_uuid(), gen_random_uuid(), 1, '7', 'mood_changed', '', now(), '{}')"
                )
            )


async def test_transactions_are_read_in_the_order_of_their_numbers_not_of_their_digits(database, enrollment):
    """Once transaction 10 was read before 9, and whatever lay between them was never read at all."""
    rows = [(9, 1), (10, 2), (99, 3), (100, 4), (101, 5)]
    insert = sa.text(
        "INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id, occurred_at,"
        " data, xid) VALUES (:id, :enrollment, :version, '7', 'phase_started', 'x', now(), '{}', CAST(:xid AS xid8))"
    )
    async with database.transaction() as tx:
        for xid, version in rows:
            given = {"id": str(uuid.uuid4()), "enrollment": enrollment.enrollment_id, "version": version, "xid": str(xid)}
            await tx.execute(insert, given)
    seen, cursor = [], journal.Cursor()
    async with database.connection() as conn:
        while True:
            found, cursor = await journal.read_ahead(conn, cursor, 2)
            if not found:
                break
            seen += [(each.cursor.xid, each.version) for each in found]
    assert seen == rows
