"""Break the one-second window and the reader with 20 concurrent writers: ours, and what one would write first, in one run.

    python bench/formation_window.py [--quick]

Window: 8,000 offers on 12 hot keys, 50 ms apart with 1.5 s of jitter either way, one in ten exactly 1 s after another, one
in twenty 30 to 300 s late; ours from 20 connections, and through two recorders, which put those of several members into one
transaction. Judged from outside (ruach_studio/testing/window.py): accepted events less than 1 s apart,
refusals without cause. Reader: 3,000 events, some from transactions that stay open for a while; what a reader never got.
"""

import argparse
import asyncio
import random
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from formation_events import START, enroll, in_threads

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_snapshot import to_us
from ruach_studio.formation.store import journal
from ruach_studio.formation.store.recorder import Recorder
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database, upgrade
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.testing.window import Attempt, judge, times

WRITERS, USERS, STEPS = 20, 4, 3
Connection = psycopg.Connection[Any]
Write = Callable[[Connection, JournalEvent], bool]
NAIVE = """
CREATE TABLE checked (u text, t text, c text, at timestamptz); CREATE INDEX ON checked (u, t, c, at);
CREATE TABLE per_second (u text, t text, c text, at timestamptz, s bigint, UNIQUE (u, t, c, s))
"""
CHECKED = """
INSERT INTO checked SELECT %(u)s, %(t)s, %(c)s, %(at)s WHERE NOT EXISTS (
    SELECT FROM checked WHERE u = %(u)s AND t = %(t)s AND c = %(c)s
        AND at > %(at)s - interval '1 second' AND at < %(at)s + interval '1 second') RETURNING 1
"""
PER_SECOND = """
INSERT INTO per_second VALUES (%(u)s, %(t)s, %(c)s, %(at)s, floor(extract(epoch FROM %(at)s::timestamptz)))
ON CONFLICT DO NOTHING RETURNING 1
"""

# the bench's own server; what is append-only for the service is emptied here by turning its trigger off
EMPTY = """
ALTER TABLE formation.journal DISABLE TRIGGER journal_append_only; DELETE FROM formation.journal;
ALTER TABLE formation.journal ENABLE TRIGGER journal_append_only; UPDATE formation.enrollment SET journal_version = 0
"""

CURSORS = {
    "pos > last, behind the fence": sa.text(
        "SELECT pos FROM formation.journal WHERE pos > :last AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY pos"
    ),
    "pos > last": sa.text("SELECT pos FROM formation.journal WHERE pos > :last ORDER BY pos"),
}


def viewed(user: int, step: str, at: Any) -> JournalEvent:
    """Return one offer."""
    data = {"sectionId": step, "phase": "awakening", "dwellTimeSeconds": 3}
    enrollment = str(uuid.UUID(int=user + 1))
    return JournalEvent(str(uuid.uuid4()), f"user-{user}", enrollment, "section_viewed", step, at, data)


def ours(conn: Connection, event: JournalEvent) -> bool:
    """Append as the store does."""
    rows = conn.execute(*journal.statement([event]), prepare=True).fetchall()
    return journal.told([event], journal.said(rows))[0].version is not None


def naive(statement: str) -> Write:
    """Return a writer that leaves the window to one statement."""

    def write(conn: Connection, event: JournalEvent) -> bool:
        values = {"u": event.user_id, "t": event.event_type, "c": event.content_id, "at": event.occurred_at}
        return conn.execute(statement, values, prepare=True).fetchone() is not None

    return write


def window(dsn: str, name: str, table: str, write: Write, events: list[JournalEvent]) -> None:
    """Let 20 threads write the offers, and print the judgement."""
    told: list[Attempt] = []

    def work(part: list[JournalEvent]) -> None:
        with bind(correlation_id=new_id()), psycopg.connect(dsn, autocommit=True) as conn:
            for event in part:
                accepted = write(conn, event)
                told.append(Attempt((event.user_id, event.content_id), to_us(event.occurred_at), accepted))

    seconds = in_threads([lambda n=n: work(events[n::WRITERS]) for n in range(WRITERS)])  # type: ignore[misc]
    tell(dsn, name, table, told, seconds)


async def window_by_recorders(dsn: str, table: str, events: list[JournalEvent]) -> None:
    """Let 20 tasks write the offers through two recorders with a pool each, as two processes do, and print the judgement."""
    told: list[Attempt] = []

    async def work(recorder: Recorder, part: list[JournalEvent]) -> None:
        with bind(correlation_id=new_id()):
            for event in part:
                accepted = (await recorder.append(event)).version is not None
                told.append(Attempt((event.user_id, event.content_id), to_us(event.occurred_at), accepted))

    async with Database(dsn) as one, Database(dsn) as two:
        recorders = [Recorder(each, BullmqPostgres(each)) for each in (one, two)]
        begun = time.perf_counter()
        await asyncio.gather(*(work(recorders[n % 2], events[n::WRITERS]) for n in range(WRITERS)))
        tell(dsn, "two recorders at once: ours", table, told, time.perf_counter() - begun)


def tell(dsn: str, name: str, table: str, told: list[Attempt], seconds: float) -> None:
    """Judge what was told against what stands, and print it."""
    with psycopg.connect(dsn) as conn:
        found = conn.execute(table).fetchall()
    made = judge(told, [((user, content), to_us(at)) for user, content, at in found])
    print(f"window, {name:34} {made.violations:>4} violations {made.unjustified:>4} refused without cause"
          f"   {made.accepted:,} of {len(told):,} accepted, {len(told) / seconds:,.0f}/s", flush=True)  # fmt: skip


async def readers(database: Database, count: int) -> None:
    """Follow 20 writers in three ways at once, and print what each reader never got."""
    seen = {name: set[int]() for name in ("(xid, pos) behind the fence: ours", *CURSORS)}
    cursor, last = journal.Cursor(), dict.fromkeys(CURSORS, 0)

    def write(user: int) -> None:
        dice = random.Random(user)
        with bind(correlation_id=new_id()), psycopg.connect(database.dsn) as conn:
            for n in range(count // WRITERS):
                ours(conn, viewed(user, "reader", START + timedelta(seconds=2 * n)))
                if dice.random() < 0.1:
                    time.sleep(dice.choice((0.002, 0.02, 0.1)))
                conn.commit()

    async def poll() -> None:
        nonlocal cursor
        found: list[journal.Recorded] | None = None
        async with database.connection() as conn:
            while found is None or found:
                found, cursor = await journal.read_ahead(conn, cursor, 500)
                next(iter(seen.values())).update(each.cursor.pos for each in found)
            for name, statement in CURSORS.items():
                rows = (await conn.execute(statement, {"last": last[name]})).scalars().all()
                seen[name].update(rows)
                last[name] = rows[-1] if rows else last[name]

    writing = threading.Thread(target=in_threads, args=([lambda n=n: write(n) for n in range(WRITERS)],))
    writing.start()
    while writing.is_alive():
        await poll()
        await asyncio.sleep(0.002)
    await poll()
    async with database.connection() as conn:
        stands = set((await conn.execute(sa.text("SELECT pos FROM formation.journal"))).scalars())
    for name, got in seen.items():
        print(f"reader, {name:34} {len(stands - got):>4} of {len(stands):,} events missed", flush=True)


def main() -> None:
    """Start a server, and try."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    scale = 10 if parser.parse_args().quick else 1
    dice = random.Random(20261125)
    events = [viewed(dice.randrange(USERS), f"s{dice.randrange(STEPS)}", at) for at in times(8000 // scale, dice, START)]
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as dsn:
        upgrade(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(NAIVE)
        enroll(dsn, [[viewed(user, "", START)] for user in range(WRITERS)])
        rows = "SELECT user_id, content_id, occurred_at FROM formation.journal"
        window(dsn, "turn, look, write: ours", rows, ours, events)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(EMPTY)
        asyncio.run(window_by_recorders(dsn, rows, events))
        window(dsn, "look and write in one statement", "SELECT u, c, at FROM checked", naive(CHECKED), events)
        window(dsn, "unique per whole second", "SELECT u, c, at FROM per_second", naive(PER_SECOND), events)
        asyncio.run(follow(dsn, 3000 // scale))


async def follow(dsn: str, count: int) -> None:
    """Open the pool and follow."""
    async with Database(dsn) as database:
        await readers(database, count)


if __name__ == "__main__":
    main()
