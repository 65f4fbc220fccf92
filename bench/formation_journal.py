"""Append and replay journals, against the `eventsourcing` library on the same events and the same Postgres, in one run.

    python bench/formation_journal.py [--quick] [--rounds 5]

Append, each a durable transaction (fsync on): one writer; 20 writers on enrollments of their own; batches of 100. Ours is
the real one: payload check, user's turn, sliding one-second window, gapless version, correlation id, what the reducer reads.
Replay: one enrollment of 100 events after the other is read and folded by the same reducer, to the same digest.
The peer does neither check nor window; it locks its whole table for each transaction, to number all events in one line.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from formation_events import enroll, in_threads, life
from peers import PeerMissing, peer
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state import digest
from ruach_studio.formation.state_snapshot import to_us
from ruach_studio.formation.store import journal, journal_rows
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres

HERE = Path(__file__).resolve().parent
WRITERS, BATCH, LIFE = 20, 100, 100
Lives = list[list[JournalEvent]]


class Peer:
    """The other program: one line of JSON in, one out."""

    def __init__(self, dsn: str) -> None:
        place = conninfo_to_dict(dsn)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "formation_peer.py"), str(place["host"]), str(place["dbname"])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, command: dict[str, Any]) -> Any:
        """Return the answer to one command."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def append(self, lives: Lives, batch: int = 1) -> float:
        """Return the seconds that it takes to append, one thread per life."""
        rows = [
            (each[0].enrollment_id, each[0].user_id,
             [[e.event_type, e.content_id, to_us(e.occurred_at), dict(e.data)] for e in each])
            for each in lives
        ]  # fmt: skip
        return float(self.ask({"append": rows, "batch": batch}))


Connections = list[psycopg.Connection[Any]]


def append(connections: Connections, lives: Lives, batch: int = 1) -> float:
    """Return the seconds that our appends take, one thread and connection per life, `batch` events per transaction."""

    def one(connection: psycopg.Connection[Any], events: list[JournalEvent]) -> None:
        with bind(correlation_id=new_id()), connection.cursor() as cursor:
            for start in range(0, len(events), batch):
                part = events[start : start + batch]
                cursor.execute(*journal.statement(part), prepare=True)
                assert all(each.version for each in journal.outcome(part, cursor.fetchall()))

    return in_threads([partial(one, *pair) for pair in zip(connections, lives, strict=False)])


async def append_by_service(database: Database, lives: Lives) -> float:
    """Return the seconds that appends take through the service's pool and SQLAlchemy, one task per life."""

    async def one(events: list[JournalEvent]) -> None:
        for event in events:
            async with database.transaction() as tx:
                assert (await journal.append(tx, event)).version

    begun = time.perf_counter()
    await asyncio.gather(*(one(each) for each in lives))
    return time.perf_counter() - begun


async def replay(database: Database, ids: list[str]) -> tuple[float, list[str]]:
    """Return the seconds that our replays take, one after the other, and the digests."""
    begun, digests = time.perf_counter(), []
    async with database.connection() as conn:
        for each in ids:
            digests.append(digest(await journal_rows.replay_stored(conn, each)))
    return time.perf_counter() - begun, digests


async def compare(database: Database, mine: Connections, other: Peer, rounds: int, scale: int) -> None:
    """Interleave rounds of both and print medians."""
    member = 0

    def lives(count: int, length: int) -> Lives:
        nonlocal member
        member += count
        return [list(life(each, length)) for each in range(member - count, member)]

    modes: tuple[tuple[str, int, int, int], ...] = (
        ("one writer", 1, 4 * scale, 1), (f"{WRITERS} writers", WRITERS, scale, 1),
        (f"batches of {BATCH}", 1, 20 * max(scale, BATCH), BATCH),
    )  # fmt: skip
    for name, writers, length, batch in modes:
        ours, theirs = [], []
        for _ in range(rounds + 1):
            made = lives(writers, length)
            enroll(database.dsn, made)
            ours.append(await asyncio.to_thread(append, mine, made, batch))
            theirs.append(await asyncio.to_thread(other.append, made, batch))
        report(f"append, {name}", ours[1:], theirs[1:], writers * length, "events")
    ours, theirs = [], []
    for _ in range(rounds + 1):
        made = lives(WRITERS, scale)
        enroll(database.dsn, made)
        ours.append(await append_by_service(database, made))
        theirs.append(await asyncio.to_thread(other.append, made, 1))
    report("append, 20 by the service", ours[1:], theirs[1:], WRITERS * scale, "events")
    made = lives(10 * scale, LIFE)
    enroll(database.dsn, made)
    for each in made:
        await asyncio.to_thread(append, mine, [each], LIFE)
    for each in made:
        await asyncio.to_thread(other.append, [each], LIFE)
    with psycopg.connect(database.dsn, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")
    ids = [life[0].enrollment_id for life in made]
    ours, theirs = [], []
    for _ in range(rounds):
        seconds, digests = await replay(database, ids)
        ours.append(seconds)
        seconds, others = await asyncio.to_thread(other.ask, {"replay": [(each, LIFE) for each in ids]})
        theirs.append(seconds)
        assert digests == others, "the two must agree on every digest"
    report(f"replay, enrollments of {LIFE}", ours, theirs, len(ids) * LIFE, "events")


def report(name: str, ours: list[float], theirs: list[float], count: int, unit: str) -> None:
    """Print the medians and their ratio."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    pairs = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    print(f"{name:28} ours {count / mine:>9,.0f} {unit}/s   eventsourcing {count / other:>8,.0f} {unit}/s"
          f"   {statistics.median(pairs):5.2f} x  ({pairs[0]:.2f} to {pairs[-1]:.2f})", flush=True)  # fmt: skip


async def main() -> None:
    """Start a server and the peer, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    try:
        peer("psycopg_pool")
        peer("eventsourcing")
    except PeerMissing as missing:
        sys.exit(f"the peer could not be installed: {missing}")
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("CREATE DATABASE peer")
        await migrate(dsn)
        other = Peer(make_conninfo(dsn, dbname="peer"))
        # a statement of its own is a transaction of its own; connections stay open, as in the peer's pool
        mine: Connections = [psycopg.connect(dsn, autocommit=True) for _ in range(WRITERS)]
        with bind(correlation_id=new_id()):
            async with Database(dsn, pool_size=WRITERS) as database:
                await compare(database, mine, other, 1 if asked.quick else asked.rounds, 20 if asked.quick else 50)
        for connection in mine:
            connection.close()
        other.process.communicate()


if __name__ == "__main__":
    asyncio.run(main())
