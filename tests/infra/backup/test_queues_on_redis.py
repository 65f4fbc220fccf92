"""Redis is in no backup. A restored service still does every job that waited and shows every dead one."""

import asyncio

import pytest
from sqlalchemy import text

from ruach_studio.infra.context import new_id
from ruach_studio.infra.queues import BullmqRedis, JobError, Worker
from ruach_studio.infra.queues.dispatcher import Dispatcher
from ruach_studio.infra.queues.failure import record_failure
from ruach_studio.infra.queues.store import executions, runs
from ruach_studio.infra.redis_link import RedisLink

KEY = ("render-jobs", "step")


@pytest.fixture
async def link(valkey):
    opened = RedisLink(valkey.url, prefix=new_id())
    yield opened
    await opened.close()


@pytest.fixture
async def afterwards(valkey, link, request):
    """The Redis that the restored service finds: the old one, or a new one that knows nothing."""
    if request.param == "the same Redis":
        yield link
        return
    opened = RedisLink(valkey.url, prefix=new_id())
    yield opened
    await opened.close()


async def serve_until(database, queue, condition):
    """Run a worker whose jobs say that they ran, until `condition` holds; return who ran how often."""
    ran, stop = [], asyncio.Event()

    async def handler(context, _payload):
        ran.append(context.job_id)

    worker = asyncio.create_task(Worker(database, queue, {KEY: handler}).run(stop))
    try:
        async with asyncio.timeout(30):
            while not await condition():  # noqa: ASYNC110 - the condition is the state of servers
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        await worker
    return sorted(ran)


def all_ended(database, ids):
    async def ended():
        async with database.connection() as conn:
            return all([(await executions.get(conn, each)).state == "completed" for each in ids])

    return ended


async def grown_older(database):
    """Let every row be a minute older: what was written just now may still be on its way to Redis."""
    async with database.transaction() as tx:
        for table in ("execution", "dead_letter"):
            await tx.execute(text(f"UPDATE platform.{table} SET created_at = created_at - interval '1 minute'"))  # noqa: S608


@pytest.mark.parametrize(
    "afterwards", ["the same Redis", pytest.param("a new Redis", marks=pytest.mark.slow)], indirect=True
)
async def test_what_waited_ran_or_was_not_sent_is_done(database, empty, take, put_back, link, afterwards, request_ids):
    """The same Redis knew them as done after the backup, and for a day, until it forgot that, nobody did them again."""
    before = BullmqRedis(database, link)
    async with database.transaction() as tx:
        waiting, running, retried = [await before.add(tx, *KEY, {"n": n}) for n in range(3)]
    await Dispatcher(database, link).drain()
    async with database.transaction() as tx:
        await runs.begin(tx, running, 1_000_000)
        failed = await record_failure(tx, before, {}, retried, JobError("x", "x", retryable=True))
        await tx.execute(text("UPDATE platform.execution SET run_at = now() WHERE id = :id"), {"id": failed.retried_as})
        await tx.execute(text("UPDATE platform.dispatch SET run_at = now()"))
    await grown_older(database)
    await take()
    open_ids = [waiting, running, failed.retried_as]
    async with database.transaction() as tx:  # the dead worker's run, at once
        await executions.release(tx, running, 1)
    assert await serve_until(database, before, all_ended(database, open_ids)) == sorted(open_ids)
    async with database.transaction() as tx:
        stray = await before.add(tx, *KEY, {})
    await Dispatcher(database, link).drain()
    await put_back()
    async with empty.connection() as conn:
        states = {each: (await executions.get(conn, each)).state for each in (*open_ids, retried)}
    assert states == {waiting: "queued", running: "running", failed.retried_as: "queued", retried: "failed"}
    done, failed_jobs = all_ended(empty, open_ids), f"{link.prefix}:render-jobs:failed"

    async def all_told():  # the job of after the backup has no row: it does nothing
        return await done() and (link is not afterwards or await link.client.zscore(failed_jobs, stray) is not None)

    assert await serve_until(empty, BullmqRedis(empty, afterwards), all_told) == sorted(open_ids)


async def test_the_dead_stand_in_their_queue_again_and_the_settled_do_not(
    database, empty, take, put_back, link, valkey, request_ids
):
    """The letter is in the backup; the job that Bull Board shows, and a requeue takes away, was in Redis alone."""
    before, wide = BullmqRedis(database, link), RedisLink(valkey.url, prefix=new_id())
    async with database.transaction() as tx:
        dead, settled = [await before.add(tx, *KEY, {"n": n}) for n in range(2)]
    async with database.transaction() as tx:
        for job_id in (dead, settled):
            await record_failure(tx, before, {}, job_id, JobError("bad_media", "it has\x00no frame", retryable=False))
        assert await before.settle(tx, KEY[0], settled, actor="ana", resolution="done by hand")
    await Dispatcher(database, link).drain()
    await grown_older(database)
    await take()
    await put_back()
    after = BullmqRedis(empty, wide)
    for _ in range(3):
        assert await after.orphans([KEY[0]]) == []
        await Dispatcher(empty, wide).drain()
    assert await wide.client.lrange(f"{wide.prefix}:render-jobs-dlq:wait", 0, -1) == [f"dlq-{dead}"]
    told = [await each.client.hgetall(f"{each.prefix}:render-jobs-dlq:dlq-{dead}") for each in (link, wide)]
    assert told[0]["data"] == told[1]["data"]
    assert told[0]["name"] == told[1]["name"] == KEY[1]
    async with empty.transaction() as tx:
        await after.requeue(tx, dead, actor="ana", reason="the file is back")
    await Dispatcher(empty, wide).drain()
    assert (await after.counts("render-jobs-dlq")).depth == 0
    assert (await after.counts("render-jobs")).waiting == 1
    await wide.close()


async def test_a_job_that_ended_while_it_was_looked_at_is_not_sent_again(database, link, request_ids):
    queue = BullmqRedis(database, link)
    async with database.transaction() as tx:
        job_id = await queue.add(tx, *KEY, {})
    await Dispatcher(database, link).drain()
    async with database.transaction() as tx:
        await executions.finish(tx, job_id, "completed", result={})
    await queue._lost._send_again(job_id, KEY[0], done=True)
    assert await Dispatcher(database, link).drain() == 0
    assert await link.client.exists(f"{link.prefix}:render-jobs:{job_id}")
