"""A worker process on Redis that dies in mid-job costs seconds, not the job, although its lock is good for minutes."""

import asyncio
import os
import signal
import sys
import time

import psycopg
import pytest

from ruach_studio.infra.queues.port import HandlerHooks
from ruach_studio.infra.queues.store import executions, runs
from ruach_studio.infra.queues.sweeper import Sweeper

KEY = ("render-jobs", "step")
VICTIM = """
import asyncio, sys
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqRedis, Worker
from ruach_studio.infra.redis_link import RedisLink

async def endless(context, payload):
    print("started", context.job_id, flush=True)
    await asyncio.Event().wait()

async def main():
    link = RedisLink(sys.argv[2], prefix=sys.argv[3])
    async with Database(sys.argv[1]) as database:
        queue = BullmqRedis(database, link)
        await Worker(database, queue, {("render-jobs", "step"): endless}).run(asyncio.Event())

asyncio.run(main())
"""


@pytest.fixture
def backend():
    return "valkey"


@pytest.mark.slow
async def test_after_kill_9_another_worker_runs_the_job_within_15_s(
    valkey, database_url, queue, add, serve, until, request_ids
):
    runs = []

    async def handler(context, _payload):
        runs.append((context.job_id, time.monotonic()))
        return {"by": "survivor"}

    job_id = await add()
    asked = [sys.executable, "-c", VICTIM, database_url, valkey.url, queue.link.prefix]
    victim = await asyncio.create_subprocess_exec(*asked, stdout=asyncio.subprocess.PIPE)
    line = await asyncio.wait_for(victim.stdout.readline(), 60)
    assert line.decode().split() == ["started", job_id]
    lock = f"{queue.link.prefix}:render-jobs:{job_id}:lock"
    await queue.link.client.pexpire(lock, 600_000)  # as after the first renewal
    os.kill(victim.pid, signal.SIGKILL)
    killed_s = time.monotonic()
    await victim.wait()
    async with serve({KEY: handler}):
        row = await until(job_id, "completed", deadline_s=30)
    assert [run[0] for run in runs] == [job_id]
    assert runs[0][1] - killed_s < 15
    assert (row.starts, row.attempt, row.result) == (2, 1, {"by": "survivor"})


async def test_a_job_that_bullmq_gave_up_goes_the_way_of_any_failure(add, database, queue, row_of, request_ids):
    job_id, client, prefix = await add(), queue.link.client, queue.link.prefix
    with psycopg.connect(database.dsn) as conn:
        conn.execute("UPDATE platform.execution SET state = 'running', created_at = now() - interval '1 minute'")
        conn.execute("DELETE FROM platform.dispatch")
    await client.hset(f"{prefix}:render-jobs:{job_id}", "failedReason", "job stalled more than allowable limit")
    await client.zadd(f"{prefix}:render-jobs:failed", {job_id: 1})
    retried = []

    async def on_retry(_tx, old, new_id, error):
        retried.append((old.job_id, new_id, error.code, error.message))

    sweeper = Sweeper(database, queue, {KEY: HandlerHooks(on_retry=on_retry)}, ["render-jobs"])
    assert await sweeper.sweep() == 1
    assert await sweeper.sweep() == 0
    ((old_id, new_id, code, message),) = retried
    assert (old_id, code, message) == (job_id, "stalled", "job stalled more than allowable limit")
    assert (await row_of(job_id)).state == "failed"
    assert (await row_of(new_id)).attempt == 2
    assert await client.hget(f"{prefix}:render-jobs:meta", "concurrency") == "3", "a Redis that lost it has it again"


async def test_only_the_lock_of_the_dead_is_ended(queue, request_ids):
    client, prefix = queue.link.client, queue.link.prefix
    lock = f"{prefix}:render-jobs:j1:lock"
    await client.set(lock, "the living one's")
    assert not await queue.end_lock("render-jobs", "j1", "the dead one's")
    assert await client.get(lock) == "the living one's"
    assert await queue.end_lock("render-jobs", "j1", "the living one's")
    assert not await client.exists(lock)
    assert await client.smembers(f"{prefix}:render-jobs:stalled") == {"j1"}


async def test_an_ended_job_that_redis_still_counts_as_active_is_taken_back(queue, database, add, request_ids):
    """Its lock is good for ten minutes, and for so long it held one of the queue's places."""
    client, prefix = queue.link.client, f"{queue.link.prefix}:render-jobs"
    ended, running, claimed = [await add() for _ in range(3)]
    async with database.transaction() as tx:
        for job_id in (ended, running):
            await runs.begin(tx, job_id, 7)
        await executions.finish(tx, ended, "completed", result={})
    await client.rpush(f"{prefix}:active", ended, running, claimed)
    for job_id, token in ((ended, "7.abc:1"), (running, "7.abc:2"), (claimed, "8.abc:1")):  # 8 is dead
        await client.set(f"{prefix}:{job_id}:lock", token, px=600_000)
    sweeper = Sweeper(database, queue, {}, ["render-jobs"])
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as worker:
        await executions.prove_alive(worker, 7)
        assert [await sweeper.sweep() for _ in range(3)] == [0, 2, 0]
    assert await client.smembers(f"{prefix}:stalled") == {ended, claimed}
    assert await client.exists(f"{prefix}:{running}:lock")
