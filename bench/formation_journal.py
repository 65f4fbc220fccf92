"""Append and replay journals, against the `eventsourcing` library on the same events and the same Postgres, in one run.

    python bench/formation_journal.py [--quick] [--rounds 5] [--only-writers]

Append, every event durable (fsync on) before its writer goes on to the next. Ours is what the service does: a request hands
its event to the recorder of its process, which puts what waits into one transaction, on the service's own pool and uvloop.
Checks, user's turn, sliding window, gapless version, correlation id and what the reducer reads are all there. The peer does
neither check nor window; it makes a transaction for each event, under a lock on its whole table, to number all in one line.
"Raw": ours with a thread and a driver connection for each writer and a transaction for each event or batch, as the peer.
"Beside": each event with the job and the audited decision that a request writes; the other side is the same in a transaction
each. Replay: one enrollment of 100 events after the other is read and folded by the same reducer, to the same digest.
Exits with 1 if 20 writers are not 5 times, or replay not 3 times, as fast as the peer.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import uvloop
from formation_events import enroll, in_threads, life
from peers import PeerMissing, peer
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state import digest
from ruach_studio.formation.state_snapshot import to_us
from ruach_studio.formation.store import journal, journal_rows
from ruach_studio.formation.store.journal import Appended
from ruach_studio.formation.store.recorder import Facts, Job, Recorder
from ruach_studio.infra.audit import DecisionEntry
from ruach_studio.infra.context import bind, new_id, require_correlation_id
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.kernel.decision import DecisionResult, Verdict
from ruach_studio.kernel.hashing import inputs_hash

HERE = Path(__file__).resolve().parent
WRITERS, BATCH, LIFE = 20, 100, 100
APPEND_LIMIT, REPLAY_LIMIT = 5.0, 3.0
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
                assert all(each.version for each in journal.told(part, journal.said(cursor.fetchall())))

    return in_threads([partial(one, *pair) for pair in zip(connections, lives, strict=False)])


Write = Callable[[JournalEvent], Awaitable[Appended]]


async def append_by(write: Write, lives: Lives) -> float:
    """Return the seconds that appends take, one task per life, each event awaited before the next."""

    async def one(events: list[JournalEvent]) -> None:
        with bind(correlation_id=new_id()):
            for event in events:
                assert (await write(event)).version

    begun = time.perf_counter()
    await asyncio.gather(*(one(each) for each in lives))
    return time.perf_counter() - begun


def whole(event: JournalEvent) -> Facts:
    """Return an event with what a request writes beside it."""
    inputs = {"nodeId": event.content_id, "eventId": event.event_id}
    verdict = Verdict("granted", ("a bench",), inputs_hash(inputs), "bench-v1", 1.0)
    result = DecisionResult(verdict, event.occurred_at, require_correlation_id())
    return Facts([event], jobs=[Job("formation-state", "project", {"enrollmentId": event.enrollment_id})],
                 decisions=[DecisionEntry(result, event.enrollment_id, inputs)])  # fmt: skip


def writers(database: Database) -> tuple[Write, Write, Write]:
    """Return what appends an event: bare, with what stands beside it, and that in a transaction of its own."""
    recorder = Recorder(database, BullmqPostgres(database))

    async def beside(event: JournalEvent) -> Appended:
        return (await recorder.record(whole(event)))[0]

    async def apart(event: JournalEvent) -> Appended:
        async with database.transaction() as tx:
            return (await recorder.write_in(tx, whole(event)))[0]

    return recorder.append, beside, apart


async def replay(database: Database, ids: list[str]) -> tuple[float, list[str]]:
    """Return the seconds that our replays take, one after the other, and the digests."""
    begun, digests = time.perf_counter(), []
    async with database.connection() as conn:
        for each in ids:
            digests.append(digest(await journal_rows.replay_stored(conn, each)))
    return time.perf_counter() - begun, digests


async def compare(
    database: Database, mine: Connections, other: Peer, rounds: int, scale: int, *, only_writers: bool
) -> bool:
    """Interleave rounds of both and print medians; say whether the limits are kept."""
    member = 0
    bare, beside, apart = writers(database)

    def lives(count: int, length: int) -> Lives:
        nonlocal member
        member += count
        made = [list(life(each, length)) for each in range(member - count, member)]
        enroll(database.dsn, made)
        return made

    async def append_all(name: str, count: int, length: int, write: Write | None, batch: int = 1) -> float:
        ours, theirs = [], []
        for _ in range(rounds + 1):
            made = lives(count, length)
            ours.append(await append_by(write, made) if write else await asyncio.to_thread(append, mine, made, batch))
            theirs.append(await asyncio.to_thread(other.append, made, batch))
        return report(f"append, {name}", ours[1:], theirs[1:], count * length, "events")

    appends = await append_all(f"{WRITERS} writers", WRITERS, 2 * scale, bare)
    if only_writers:
        return appends >= APPEND_LIMIT
    await append_all("one writer", 1, 4 * scale, bare)
    await append_all(f"{WRITERS} writers, raw", WRITERS, scale, None)
    await append_all("one writer, raw", 1, 4 * scale, None)
    await append_all(f"batches of {BATCH}, raw", 1, 20 * max(scale, BATCH), None, BATCH)
    ours, theirs = [], []
    for _ in range(rounds + 1):
        ours.append(await append_by(beside, lives(WRITERS, scale // 2)))
        theirs.append(await append_by(apart, lives(WRITERS, scale // 2)))
    report(f"{WRITERS} writers, beside", ours[1:], theirs[1:], WRITERS * (scale // 2), "events", "a transaction each")
    made = lives(10 * scale, LIFE)
    for each in made:
        await asyncio.to_thread(append, mine, [each], LIFE)
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
    replays = report(f"replay, enrollments of {LIFE}", ours, theirs, len(ids) * LIFE, "events")
    return appends >= APPEND_LIMIT and replays >= REPLAY_LIMIT


def report(name: str, ours: list[float], theirs: list[float], count: int, unit: str, whose: str = "eventsourcing") -> float:
    """Print the medians, and return the ratio."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    pairs = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    print(f"{name:28} ours {count / mine:>9,.0f} {unit}/s   {whose} {count / other:>8,.0f} {unit}/s"
          f"   {statistics.median(pairs):5.2f} x  ({pairs[0]:.2f} to {pairs[-1]:.2f})", flush=True)  # fmt: skip
    return statistics.median(pairs)


async def main() -> None:
    """Start a server and the peer, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only-writers", action="store_true", help="nothing but the first line")
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
        async with Database(dsn, pool_size=WRITERS) as database:
            rounds, scale = (1, 20) if asked.quick else (asked.rounds, 50)
            kept = await compare(database, mine, other, rounds, scale, only_writers=asked.only_writers)
        for connection in mine:
            connection.close()
        other.process.communicate()
    if not kept:
        sys.exit("a limit was missed")


if __name__ == "__main__":
    uvloop.run(main())
