"""kill -9 in the middle of a group: what was acknowledged stands, and nothing stands by halves."""

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

PROGRAM = Path(__file__).with_name("recording.py")
KILLS, SECONDS = (5, 60), 100_000


async def write_and_die(dsn, members, start, after):
    """Let a process write; kill it once it has acknowledged `after` events; return all that it has acknowledged."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), dsn, stdin=pipe, stdout=pipe)
    child.stdin.write(json.dumps([[each.user_id, each.enrollment_id, start] for each in members]).encode() + b"\n")
    lines = [await asyncio.wait_for(child.stdout.readline(), 60) for _ in range(after)]
    child.kill()
    lines += (await child.stdout.read()).splitlines(keepends=True)
    assert await child.wait() == -signal.SIGKILL
    return [tuple(line.decode().split()) for line in lines if line.endswith(b"\n")]


async def test_nothing_stands_by_halves(database, publish, enroll_row, walk_graph):
    graph = await publish(walk_graph)
    members = [await enroll_row(graph, user_id=f"u{n}") for n in range(8)]
    told = []
    for number, after in enumerate(KILLS):
        told += await write_and_die(database.dsn, members, number * SECONDS, after)
    assert len(told) >= sum(KILLS)
    async with database.transaction() as tx:
        await tx.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        rows = (await tx.execute(sa.text("SELECT CAST(enrollment_id AS text), version, xid FROM formation.journal"))).all()
        heads = (
            await tx.execute(sa.text("SELECT CAST(enrollment_id AS text), journal_version FROM formation.enrollment"))
        ).all()
        jobs = (await tx.execute(sa.text("SELECT payload ->> 'enrollmentId' FROM platform.execution"))).scalars().all()
        decisions = (await tx.execute(sa.text("SELECT subject FROM platform.decision_audit"))).scalars().all()
    stands = {(enrollment_id, str(version)) for enrollment_id, version, _ in rows}
    assert set(told) <= stands
    assert len({xid for _, _, xid in rows}) < len(rows), "there were groups"
    for enrollment_id, last in heads:
        assert sorted(version for one, version, _ in rows if one == enrollment_id) == list(range(1, last + 1))
    assert Counter(jobs) == Counter(decisions) == Counter(enrollment_id for enrollment_id, _, _ in rows)
