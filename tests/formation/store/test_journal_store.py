"""Journal rows are numbered without a gap, checked against the sliding second, read back in order, and never changed."""

import asyncio
import random
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


async def test_one_by_one_and_all_at_once_say_and_write_the_same(database, publish, enroll_row, walk_graph):
    """The two SQL functions have one rule: what they answer and store differs in nothing but the enrollment."""
    dice, graph = random.Random(6), await publish(walk_graph)
    alone, together = await enroll_row(graph, user_id="a"), await enroll_row(graph, user_id="t")
    seconds = [(dice.randrange(60) / 4, f"s{dice.randrange(3)}") for _ in range(120)]
    events = {each: [viewed(each, second, content) for second, content in seconds] for each in (alone, together)}
    async with database.transaction() as tx:
        singly = [await journal.append(tx, event) for event in events[alone]]
        at_once = await journal.append_many(tx, events[together])
        for_another = [viewed(alone, 1000, user="a stranger"), viewed(alone, 0, user="a stranger")]
        with pytest.raises(journal.EnrollmentNotFound):
            await journal.append(tx, for_another[1])
        with pytest.raises(journal.EnrollmentNotFound):
            await journal.append_many(tx, for_another)
        late = [viewed(together, 2000), viewed(together, 2005)]
        with pytest.raises(journal.JournalMoved, match="at version 32, 3 was expected"):
            await journal.append_many(tx, late, expected_version=3)
        with pytest.raises(journal.JournalMoved, match="at version 32, 3 was expected"):
            await journal.append(tx, events[alone][0], expected_version=3)  # a repeat too: first what it was decided on
    assert [each.version for each in singly] == [each.version for each in at_once]
    assert sum(each.version is not None for each in singly) == 32  # of 120; the rest repeat one within a second of them
    ids = [{each.event_id for each in events[one]} for one in (alone, together)]
    for answers, own in zip((singly, at_once), ids, strict=True):
        assert {each.duplicate_of for each in answers if each.version is None} <= own
        assert all(each.duplicate_of is None for each in answers if each.version is not None)
    columns = "version, event_type, content_id, occurred_at, data, brief, correlation_id IS NULL"
    query = sa.text(f"SELECT {columns} FROM formation.journal WHERE user_id = :user ORDER BY 1")  # noqa: S608
    async with database.connection() as conn:
        rows = [(await conn.execute(query, {"user": user})).all() for user in "at"]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 32


async def test_an_append_reads_no_table_whole(database, enrollment):
    """A connection keeps the plans that it made while the tables were empty, as an ANALYZE told the planner."""
    async with database.statements() as conn:
        await conn.execute(sa.text("ANALYZE formation.journal, formation.enrollment"))
    flush, scans = "SELECT pg_stat_force_next_flush()", "SELECT relname, seq_scan FROM pg_stat_user_tables"
    wanted = sa.text(f"{scans} WHERE relname IN ('journal', 'enrollment')")
    counts = []
    for _ in range(2):
        async with database.connection() as conn:
            await conn.execute(sa.text(flush))
        async with database.connection() as conn:
            counts.append(sorted((await conn.execute(wanted)).all()))
        async with database.transaction() as tx:
            for n in range(20):
                await journal.append(tx, viewed(enrollment, n * 2))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("column", "value"), [("covenant_type", "friendship"), ("user_id", "")])
async def test_the_database_itself_refuses_an_odd_enrollment(database, enrollment, column, value):
    with pytest.raises(sa.exc.IntegrityError, match=f"enrollment_{column}"):
        async with database.transaction() as tx:
            await tx.execute(sa.text(f"UPDATE formation.enrollment SET {column} = '{value}'"))  # noqa: S608


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
