"""A worker that starts while the database is away waits for it, as one that runs does."""

import asyncio

import pytest

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres, Worker, worker

KEY = ("render-jobs", "step")
NOWHERE = "postgresql:///ruach?host=/nowhere"


class LateDatabase(BullmqPostgres):
    """Its preparation meets a database that is not there, `misses` times."""

    misses = 2

    async def prepare(self, policies):
        if self.misses:
            self.misses -= 1
            async with Database(NOWHERE) as away, away.transaction():
                pass
        await super().prepare(policies)


@pytest.fixture
def late(database, queue, monkeypatch):
    monkeypatch.setattr(worker, "_RECONNECT_MS", 50)
    return LateDatabase(database, policies=queue.policies)


async def test_an_outage_at_the_start_is_waited_through(late, add, serve, until, request_ids):
    async def handler(_context, _payload):
        return {"late": True}

    job_id = await add()
    async with serve({KEY: handler}, on=late):
        assert (await until(job_id, "completed")).result == {"late": True}
    assert late.misses == 0


async def test_who_is_told_to_stop_meanwhile_stops(database, late, request_ids):
    late.misses = 10**6
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(database, late, {KEY: None}).run(stop))
    await asyncio.wait({running}, timeout=0.2)
    assert not running.done()
    stop.set()
    async with asyncio.timeout(10):
        await running
