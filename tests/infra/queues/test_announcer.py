"""A wake-up that cannot be said is told in the log, and the ones after it are said."""

import asyncio

import psycopg
from structlog.testing import capture_logs

from ruach_studio.infra.db.errors import DatabaseFull
from ruach_studio.infra.queues.announcer import Announcer
from ruach_studio.infra.queues.store import executions


async def test_a_full_disk_costs_one_wake_up_and_not_the_next(database, monkeypatch):
    said, tried, announce_all = [], asyncio.Event(), executions.announce_all

    async def full_once(conn, job_ids):
        if not said:
            said.append(job_ids)
            tried.set()
            raise DatabaseFull("could not extend file", subject="database")
        await announce_all(conn, job_ids)

    monkeypatch.setattr(executions, "announce_all", full_once)
    announcer = Announcer(database)
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as ear:
        await ear.execute(f"LISTEN {executions.CHANGED_CHANNEL}")
        with capture_logs() as lines:
            announcer.tell("job-1")
            async with asyncio.timeout(10):
                await tried.wait()
            announcer.tell("job-2")
            await announcer.close()
        heard = [note.payload async for note in ear.notifies(timeout=10, stop_after=1)]
    assert said == [["job-1"]]
    assert heard == ["job-2"]
    assert [(each["event"], each["jobs"]) for each in lines] == [("job.announce.failed", ["job-1"])]
