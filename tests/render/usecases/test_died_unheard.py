"""A worker that dies between two commits: what it stored, and what it finished, when nobody heard of it."""

import asyncio
import time

import pytest
from sqlalchemy import text

from ruach_studio.infra.queues.store import executions
from ruach_studio.infra.queues.sweeper import Sweeper
from ruach_studio.render.entrypoints.jobs import hooks
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders


@pytest.fixture
def until(services):
    async def polling(holds, deadline_s=60.0):
        deadline = time.monotonic() + deadline_s
        while not ((found := await list_jobs(services, "talk-1")) and holds([shown.job.state for shown in found])):
            assert time.monotonic() < deadline, [(s.job.format, s.job.state, s.job.error) for s in found]
            await asyncio.sleep(0.05)
        return {shown.job.render_job_id: shown for shown in found}

    return polling


async def test_what_a_job_stored_before_it_died_does_not_stay_beside_its_successor_s(
    small, services, lock, wire, work, until, monkeypatch
):
    await lock(wire)
    await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    put, stored = services.store.put_file, []

    async def storing(key, path, **options):
        stored.append(key)
        done = await put(key, path, **options)
        if len(stored) == 1:
            raise OSError("planted: the bytes are there, nobody heard of them")
        return done

    monkeypatch.setattr(services.store, "put_file", storing)
    async with work():
        await until(lambda states: "completed" in states)
    assert len(stored) == 2
    assert [await services.store.stat(key) is not None for key in stored] == [False, True]


async def test_a_job_that_is_done_though_its_worker_died_before_it_could_say_so(small, services, lock, wire, work, until):
    """So often that BullMQ gave it up: the sweeper must neither fail it nor render it again."""
    await lock(wire)
    await request_renders(services, "talk-1", ["thumbnail"], actor="session:op")
    async with work():
        ((job_id, shown),) = (await until(lambda states: set(states) == {"completed"})).items()
        async with asyncio.timeout(20):
            while (await execution(services, job_id)).state != "completed":  # noqa: ASYNC110  (a row in the database)
                await asyncio.sleep(0.05)
    async with services.database.transaction() as tx:
        await tx.execute(text(
            "UPDATE platform.execution SET state = 'running', result = NULL, finished_at = NULL,"
            " created_at = now() - interval '1 minute'"))  # fmt: skip
        await tx.execute(text("UPDATE bullmq.job SET state = 'failed', failed_reason = 'stalled too often'"))
    sweeper = Sweeper(services.database, services.queue, hooks(services), ["render-jobs"])
    assert [await sweeper.sweep() for _ in range(3)] == [1, 0, 0]
    row = await execution(services, job_id)
    assert (row.state, row.result["outputUrl"]) == ("completed", shown.artifact.url)
    assert [s.job.state for s in await list_jobs(services, "talk-1")] == ["completed"]
    async with services.database.connection() as conn:
        announced = await conn.execute(text("select 1 from platform.outbox where event_type = 'render.completed'"))
        assert len(announced.all()) == 1


async def execution(services, job_id):
    async with services.database.connection() as conn:
        return await executions.get(conn, job_id)
