"""A worker process that dies in mid-job costs seconds, not the job; a job that kills every worker dies itself."""

import asyncio
import os
import signal
import sys
import time

import psycopg
import pytest
from sqlalchemy import text

from ruach_studio.infra.queues import BullmqPostgres, Worker
from ruach_studio.infra.queues.port import HandlerHooks
from ruach_studio.infra.queues.sweeper import Sweeper

KEY = ("render-jobs", "step")
VICTIM = """
import asyncio, sys
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres, Worker

async def endless(context, payload):
    print("started", context.job_id, flush=True)
    await asyncio.Event().wait()

async def main():
    async with Database(sys.argv[1]) as database:
        await Worker(database, BullmqPostgres(database), {("render-jobs", "step"): endless}).run(asyncio.Event())

asyncio.run(main())
"""
MUTE = (
    VICTIM.replace("await asyncio.Event().wait()", "return {'by': 'the dead one'}")
    .replace('print("started", context.job_id, flush=True)', "pass")
    .replace(
        "async def main",
        """
async def told(job, *_args, **_options):
    print("ended", job.id, flush=True)
    await asyncio.Event().wait()

class Mute(BullmqPostgres):
    async def end(self, *_args):
        return False  # in two steps, as where a dead letter is settled

    def bull_worker(self, *args):
        worker = super().bull_worker(*args)
        worker.backend.moveToCompleted = told
        return worker

async def main""",
    )
    .replace("BullmqPostgres(database)", "Mute(database)")
)


async def test_after_kill_9_another_worker_runs_the_job_within_15_s(database, database_url, add, until, request_ids):
    runs = []

    async def handler(context, _payload):
        runs.append((context.job_id, time.monotonic()))
        return {"by": "survivor"}

    job_id = await add()
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, database_url, stdout=asyncio.subprocess.PIPE)
    line = await asyncio.wait_for(victim.stdout.readline(), 30)
    assert line.decode().split() == ["started", job_id]
    os.kill(victim.pid, signal.SIGKILL)
    killed = time.monotonic()
    await victim.wait()
    stop = asyncio.Event()
    survivor = asyncio.create_task(Worker(database, BullmqPostgres(database), {KEY: handler}).run(stop))
    try:
        row = await until(job_id, "completed", deadline_s=20)
    finally:
        stop.set()
        await survivor
    assert [run[0] for run in runs] == [job_id]
    assert runs[0][1] - killed < 15
    assert (row.starts, row.attempt, row.result) == (2, 1, {"by": "survivor"})


@pytest.mark.slow
async def test_a_job_whose_worker_dies_before_bullmq_hears_of_its_end_frees_its_place_within_15_s(
    database, database_url, add, until, request_ids
):
    """The execution has ended, so nobody looked after it: BullMQ counted it as active until its lock of 30 s ran out."""
    job_id = await add()
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", MUTE, database_url, stdout=asyncio.subprocess.PIPE)
    assert (await asyncio.wait_for(victim.stdout.readline(), 30)).decode().split() == ["ended", job_id]
    os.kill(victim.pid, signal.SIGKILL)
    killed = time.monotonic()
    await victim.wait()
    assert (await until(job_id, "completed")).result == {"by": "the dead one"}
    stop, runs = asyncio.Event(), []

    async def handler(context, _payload):
        runs.append(context.job_id)

    async def freed():
        async with database.connection() as conn:
            return await conn.scalar(text("SELECT state::text = 'completed' FROM bullmq.job WHERE id = :id"), {"id": job_id})

    survivor = asyncio.create_task(Worker(database, BullmqPostgres(database), {KEY: handler}).run(stop))
    try:
        await until(freed, deadline_s=60)
    finally:
        stop.set()
        await survivor
    assert time.monotonic() - killed < 15
    assert runs == [], "it was not done again"


async def test_a_living_worker_keeps_its_job_however_long_it_runs(add, serve, until, database, queue, request_ids):
    started, release = asyncio.Event(), asyncio.Event()

    async def handler(_context, _payload):
        started.set()
        await release.wait()
        return {}

    sweeper = Sweeper(database, queue, {}, ["render-jobs"])
    async with serve({KEY: handler}):
        job_id = await add()
        await asyncio.wait_for(started.wait(), 10)
        assert [await sweeper.sweep() for _ in range(3)] == [0, 0, 0]
        release.set()
        assert (await until(job_id, "completed")).starts == 1


async def test_a_job_that_bullmq_gave_up_goes_the_way_of_any_failure(add, database, queue, row_of, request_ids):
    job_id = await add()
    retried = []

    async def on_retry(_tx, old, new_id, error):
        retried.append((old.job_id, new_id, error.code, error.message))

    with psycopg.connect(database.dsn) as conn:
        conn.execute("UPDATE platform.execution SET state = 'running', created_at = now() - interval '1 minute'")
        conn.execute("UPDATE bullmq.job SET state = 'failed', failed_reason = 'job stalled more than allowable limit'")
    sweeper = Sweeper(database, queue, {KEY: HandlerHooks(on_retry=on_retry)}, ["render-jobs"])
    assert await sweeper.sweep() == 1
    assert await sweeper.sweep() == 0
    ((old_id, new_id, code, message),) = retried
    assert (old_id, code, message) == (job_id, "stalled", "job stalled more than allowable limit")
    assert (await row_of(job_id)).state == "failed"
    assert (await row_of(new_id)).attempt == 2
