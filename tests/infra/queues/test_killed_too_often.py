"""A job that kills its worker every time ends in the dead letters, with the playbook's cause, and not in silence."""

import asyncio
import os
import signal
import sys
from dataclasses import replace

import pytest

from ruach_studio.assembly.usecases.weigh_dead_job import named, weigh
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, HandlerHooks, Worker, list_dead_letters

KEY = ("assembly-jobs", "assemble")
VICTIM = """
import asyncio, sys
from dataclasses import replace
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, Worker

FRAGILE = tuple(replace(policy, ladder_s=(), stalled_check_s=1.0, max_stalls=1) for policy in QUEUES)

async def endless(context, payload):
    print("started", context.job_id, flush=True)
    await asyncio.Event().wait()

async def main():
    async with Database(sys.argv[1]) as database:
        queue = BullmqPostgres(database, policies=FRAGILE)
        await Worker(database, queue, {("assembly-jobs", "assemble"): endless}).run(asyncio.Event())

asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_job_whose_worker_dies_every_time_is_buried_by_whoever_lives(database, database_url, until, request_ids):
    fragile = tuple(replace(policy, ladder_s=(), stalled_check_s=1.0, max_stalls=1) for policy in QUEUES)
    queue, ran = BullmqPostgres(database, policies=fragile), []
    async with database.transaction() as tx:
        job_id = await queue.add(tx, *KEY, {"sessionId": "talk-1"})
    for _ in range(2):
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-c", VICTIM, database_url, stdout=asyncio.subprocess.PIPE
        )
        line = await asyncio.wait_for(victim.stdout.readline(), 60)
        assert line.decode().split() == ["started", job_id]
        os.kill(victim.pid, signal.SIGKILL)
        await victim.wait()

    async def handler(context, _payload):
        ran.append(context.job_id)

    stop = asyncio.Event()
    hooks = {KEY: HandlerHooks(triage=named, facts=weigh, subject=("sessionId",))}
    survivor = asyncio.create_task(Worker(database, queue, {KEY: handler}, hooks=hooks).run(stop))
    try:
        row = await until(job_id, "dead-letter", deadline_s=60)
    finally:
        stop.set()
        await survivor
    assert ran == [], "BullMQ gave it up: no processor ran"
    async with database.connection() as conn:
        (letter,) = await list_dead_letters(conn)
    assert (letter["error"]["code"], letter["error"]["message"]) == ("stalled", "job stalled more than allowable limit")
    assert (letter["triage"]["cause"], letter["subject"]) == (3, {"sessionId": "talk-1"})
    assert row.starts == 2
    assert (await queue.counts("assembly-jobs-dlq")).depth == 1
