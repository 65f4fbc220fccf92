"""Replay a million events of ten thousand enrollments, all at once and one by one, from the embedded Postgres, in one run.

    python bench/formation_bulk.py [--quick] [--rounds 3]

All at once: `replay_journals`, what `ruach formation replay --all` runs, on two processes; starting them is counted. One by
one, on a part of the enrollments: from the rows that the reducer reads, and from the events themselves. Every digest is made
and compared. Then what one would write first: a reducer that copies the dict that it changes, on one journal in memory.
Bound: 300,000 events a second on 2 cores. The server runs with a desk's settings (64 MB of shared buffers).
"""

import argparse
import asyncio
import hashlib
import statistics
import tempfile
import time
from pathlib import Path

from formation_events import enrollment_id, fill

from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import journal, journal_rows
from ruach_studio.formation.usecases.replay_journals import replay_journals
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres

PROCESSES, LIFE = 2, 100
FILLING = {"fsync": "off", "max_wal_size": "4GB"}  # only how the events come in; nothing here is written while measured


async def all_at_once(database: Database) -> tuple[float, int, str]:
    """Return seconds, events and the digest of all."""
    begun = time.perf_counter()
    done = await replay_journals(database, processes=PROCESSES)
    return time.perf_counter() - begun, done.events, done.digest


async def one_by_one(database: Database, ids: list[str], *, from_events: bool) -> tuple[float, list[str]]:
    """Return seconds, and a line as the bulk replay hashes it per enrollment."""
    begun, lines = time.perf_counter(), []
    async with database.connection() as conn:
        for each in ids:
            if from_events:
                state = replay(await journal.read(conn, each))
            else:
                state = await journal_rows.replay_stored(conn, each)
            lines.append(f"{each} {state.journal_version} {digest(state)}\n")
    return time.perf_counter() - begun, lines


async def compare(database: Database, ids: list[str], rounds: int) -> None:
    """Interleave the three ways and print medians."""
    bulk, rows, events, wholes = [], [], [], set()
    some = ids[:: max(1, len(ids) // 500)]
    for _ in range(rounds):
        seconds, count, whole = await all_at_once(database)
        bulk.append(count / seconds)
        wholes.add(whole)
        seconds, lines = await one_by_one(database, some, from_events=False)
        rows.append(LIFE * len(some) / seconds)
        seconds, again = await one_by_one(database, some, from_events=True)
        events.append(LIFE * len(some) / seconds)
        assert lines == again, "rows and events must give the same digests"
    _, every = await one_by_one(database, ids, from_events=False)
    assert wholes == {hashlib.sha256("".join(every).encode()).hexdigest()}, "bulk must give the digests of one by one"
    mine = statistics.median(bulk)
    print(f"all at once, {PROCESSES} processes: {mine:,.0f} events/s (from {min(bulk):,.0f} to {max(bulk):,.0f}),"
          f" {mine / 300_000:.2f} x the bound")  # fmt: skip
    for name, found in (("its rows", rows), ("its events", events)):
        rate = statistics.median(found)
        print(f"one by one, from {name}: {rate:,.0f} events/s; all at once is {mine / rate:.1f} x")
    print(f"digests of {len(ids):,} enrollments: the same all at once and one by one")


async def main() -> None:
    """Fill a server, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the enrollments")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    members = 1_000 if asked.quick else 10_000
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), settings=FILLING) as dsn:
        await migrate(dsn)
        begun = time.perf_counter()
        await asyncio.to_thread(fill, dsn, members, LIFE)
        print(f"{members * LIFE:,} events of {members:,} enrollments written in {time.perf_counter() - begun:.0f} s")
        async with Database(dsn) as database:
            await compare(database, sorted(enrollment_id(member) for member in range(members)), asked.rounds)


if __name__ == "__main__":
    asyncio.run(main())
