"""A database that is killed and comes back costs neither the running job nor the waiting ones."""

import asyncio
import os
import signal

import pytest

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.queues import BullmqPostgres, Worker, follow

KEY = ("render-jobs", "step")


@pytest.mark.slow
async def test_kill_9_of_the_database_loses_no_job(tmp_path):
    server = EmbeddedPostgres(tmp_path / "pg")
    url = await asyncio.to_thread(server.ensure)
    runs = []
    three_run = asyncio.Event()

    async def handler(context, payload):
        runs.append(context.job_id)
        if len(runs) == 3:
            three_run.set()
        await asyncio.sleep(payload["seconds"])
        return {}

    stop = asyncio.Event()
    try:
        await migrate(url)
        async with Database(url) as database:
            queue = BullmqPostgres(database)
            worker = asyncio.create_task(Worker(database, queue, {KEY: handler}).run(stop))
            with bind(correlation_id=new_id()):
                async with database.transaction() as tx:
                    jobs = [await queue.add(tx, *KEY, {"seconds": 4}) for _ in range(5)]
            async with asyncio.timeout(60):
                await three_run.wait()
                (pid_file,) = (tmp_path / "pg").rglob("postmaster.pid")
                os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
                await asyncio.sleep(1)
                await asyncio.to_thread(server.ensure)
                ends = [[shown async for _seq, shown in follow(database, job_id)][-1]["state"] for job_id in jobs]
            stop.set()
            await worker
    finally:
        await asyncio.to_thread(server.stop)
    assert ends == ["completed"] * 5
    assert set(runs) == set(jobs)
