"""Give queue tests short ladders, a bound request, and workers that end with the test.

`queue` is on PostgreSQL, or on what `backend` names: a module that is parametrised with it runs on each. The machine's
own Redis is tested only with the slow tests: it speaks as Valkey does, which comes from a wheel.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, BullmqRedis, Worker
from ruach_studio.infra.queues.store import executions
from ruach_studio.infra.redis_link import RedisLink

SHORT = tuple(replace(policy, ladder_s=(0.3, 0.6), stalled_check_s=1.0) for policy in QUEUES)


@pytest.fixture
def request_ids():
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        yield ids


@pytest.fixture
def backend(request):
    return getattr(request, "param", "postgres")


@pytest.fixture
async def queue(database, backend, request):
    if backend == "postgres":
        yield BullmqPostgres(database, policies=SHORT)
        return
    link = RedisLink(request.getfixturevalue(backend).url, prefix=new_id())
    yield BullmqRedis(database, link, policies=SHORT)
    await link.close()


@pytest.fixture
def serve(database, queue):
    """`async with serve({(queue, name): handler}, hooks=…)` runs a worker until the block ends."""

    @asynccontextmanager
    async def serving(handlers, *, on=None, **options):
        stop = asyncio.Event()
        worker = asyncio.create_task(Worker(database, on or queue, handlers, **options).run(stop))
        try:
            yield stop
        finally:
            stop.set()
            await worker

    return serving


@pytest.fixture
def add(database, queue):
    async def adding(name="step", payload=None, *, to="render-jobs", **options):
        async with database.transaction() as tx:
            return await queue.add(tx, to, name, payload or {}, **options)

    return adding


@pytest.fixture
def row_of(database):
    async def reading(job_id):
        async with database.connection() as conn:
            return await executions.get(conn, job_id)

    return reading


@pytest.fixture
def until(row_of):
    """Poll a condition, or a job's state, with a deadline."""

    async def polling(what, *states, deadline_s=15.0):
        async with asyncio.timeout(deadline_s):
            while True:
                if callable(what):
                    found = what()
                    found = await found if asyncio.iscoroutine(found) else found
                    if found:
                        return found
                else:
                    row = await row_of(what)
                    if row is not None and row.state in states:
                        return row
                await asyncio.sleep(0.02)

    return polling
