"""A reader of the whole journal gets every event once, in an order that later commits never break into."""

import asyncio
import random
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from ruach_studio.formation.entrypoints import readiness
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store import journal
from ruach_studio.formation.store.journal_fence import fence
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.http.health import Health

START = datetime(2026, 3, 1, tzinfo=UTC)
WRITERS = 20
NAIVE = sa.text("SELECT pos, event_id FROM formation.journal WHERE pos > :last ORDER BY pos")


def viewed(enrollment, second):
    data = {"sectionId": "s1", "phase": "awakening", "dwellTimeSeconds": 3}
    at = START + timedelta(seconds=second * 2)
    return JournalEvent(str(uuid.uuid4()), enrollment.user_id, enrollment.enrollment_id, "section_viewed", "s1", at, data)


def put(conn, *events):
    with bind(correlation_id=new_id()):
        return journal.told(events, journal.said(conn.execute(*journal.statement(events)).fetchall()))


class Naive:
    """The reader one would write first: everything behind the last position seen."""

    def __init__(self):
        self.last, self.seen = 0, []

    async def poll(self, conn):
        for row in await conn.execute(NAIVE, {"last": self.last}):
            self.last = row.pos
            self.seen.append(str(row.event_id))


class Reader:
    """Ours, three events at a time."""

    def __init__(self, limit=3):
        self.cursor, self.seen, self.limit = journal.Cursor(), [], limit

    async def poll(self, conn):
        while True:
            found, self.cursor = await journal.read_ahead(conn, self.cursor, self.limit)
            self.seen += [each.event.event_id for each in found]
            if len(found) < self.limit:
                return


@pytest.fixture
async def enrollments(publish, enroll_row, walk_graph):
    graph = await publish(walk_graph)
    return [await enroll_row(graph, user_id=f"u{n}") for n in range(WRITERS)]


async def poll(database, *readers):
    for each in readers:
        async with database.connection() as conn:
            await each.poll(conn)


async def test_a_late_commit_is_waited_for_and_a_naive_cursor_misses_it(database, enrollments):
    ours, naive = Reader(), Naive()
    early, late = viewed(enrollments[0], 0), viewed(enrollments[1], 0)
    with psycopg.connect(database.dsn) as slow, psycopg.connect(database.dsn) as quick:
        put(slow, early)
        put(quick, late)
        quick.commit()
        await poll(database, ours, naive)
        assert (ours.seen, naive.seen) == ([], [late.event_id])
        async with database.connection() as conn:
            held = await fence(conn)
        assert held.held_back == 1
        assert held.oldest_writer_s > 0
        slow.commit()
    await poll(database, ours, naive)
    assert ours.seen == [early.event_id, late.event_id]
    assert naive.seen == [late.event_id]  # one missed, for ever
    async with database.connection() as conn:
        assert await fence(conn) == type(held)(0, 0.0)


async def test_the_engineer_on_call_is_told_of_a_transaction_left_open(services, enrollments, monkeypatch):
    assert await readiness.readers_ready(services) == Health("ok", "0 journal events held back")
    with psycopg.connect(services.database.dsn) as forgotten, psycopg.connect(services.database.dsn) as writer:
        forgotten.execute("SELECT pg_current_xact_id()")
        put(writer, viewed(enrollments[0], 0))
        writer.commit()
        assert await readiness.readers_ready(services) == Health("ok", "1 journal events held back")
        monkeypatch.setattr(readiness, "LONG_WRITER_S", 0.0)
        told = await readiness.readers_ready(services)
    assert told.state == "degraded"
    assert told.detail.startswith("1 journal events wait for a transaction open for 0 s")


async def test_the_position_alone_is_no_order_even_behind_the_fence(database, enrollments):
    """A transaction may take its id first and its position last: the cursor must hold both."""
    ours = Reader()
    with psycopg.connect(database.dsn) as first, psycopg.connect(database.dsn) as second:
        first.execute("SELECT pg_current_xact_id()")
        put(second, two := viewed(enrollments[1], 0))
        put(first, one := viewed(enrollments[0], 0))
        second.commit()
        await poll(database, ours)
        assert ours.seen == []
        first.commit()
    await poll(database, ours)
    assert ours.seen == [one.event_id, two.event_id]
    async with database.connection() as conn:
        rows = (await conn.execute(NAIVE, {"last": 0})).all()
    assert [str(row.event_id) for row in rows] == [two.event_id, one.event_id]


async def test_what_was_given_up_is_never_given_out(database, enrollments):
    ours = Reader()
    with psycopg.connect(database.dsn) as conn:
        put(conn, viewed(enrollments[0], 0))
        conn.rollback()
        put(conn, kept := viewed(enrollments[0], 5))
        conn.commit()
    await poll(database, ours)
    assert ours.seen == [kept.event_id]


def write(dsn, enrollment, count, seed):
    """Append one by one; now and then stay open for a while, or give up."""
    dice = random.Random(seed)
    with psycopg.connect(dsn) as conn:
        for n in range(count):
            put(conn, viewed(enrollment, n))
            if dice.random() < 0.15:
                time.sleep(dice.choice((0.002, 0.02, 0.1)))
            conn.rollback() if dice.random() < 0.03 else conn.commit()


async def followed(database, enrollments, count):
    ours, naive = Reader(limit=50), Naive()
    threads = [threading.Thread(target=write, args=(database.dsn, each, count, n)) for n, each in enumerate(enrollments)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        await poll(database, ours, naive)
        await asyncio.sleep(0.005)
    await poll(database, ours, naive)
    async with database.connection() as conn:
        stands = [str(each) for each in (await conn.execute(sa.text("SELECT event_id FROM formation.journal"))).scalars()]
    assert len(ours.seen) == len(set(ours.seen))
    assert set(ours.seen) == set(stands)
    assert len(stands) > WRITERS * count * 0.9
    return len(stands) - len(set(naive.seen))


async def test_nothing_is_missed_with_twenty_writers(database, enrollments):
    await followed(database, enrollments, 15)


@pytest.mark.slow
async def test_nothing_is_missed_in_3000_events(database, enrollments):
    assert await followed(database, enrollments, 150) > 30  # which a plain cursor missed
