"""A Redis that is full refuses what needs memory and answers the rest: counts come, and whoever asks is told."""

from contextlib import asynccontextmanager

import pytest
from redis.exceptions import OutOfMemoryError

from ruach_studio.infra.context import new_id
from ruach_studio.infra.queues import BullmqPostgres, BullmqRedis, Counts
from ruach_studio.infra.queues.dispatcher import Dispatcher
from ruach_studio.infra.queues.readiness import redis_ready
from ruach_studio.infra.redis_link import RedisLink, RedisRefused
from ruach_studio.testing.redis_server import redis_program, redis_server, valkey_program

KEY = ("render-jobs", "step")
FULL = ("--maxmemory", "5mb", "--maxmemory-policy", "noeviction")


@pytest.fixture(params=["valkey", "redis"])
def program(request):
    found = valkey_program() if request.param == "valkey" else redis_program()
    if found is None:
        pytest.skip(f"no {request.param} here")
    return found


@pytest.fixture
async def queue(database, program, tmp_path):
    with redis_server(program, tmp_path, *FULL) as server:
        link = RedisLink(server.url, prefix=new_id())
        yield BullmqRedis(database, link)
        await link.close()


async def fill(link):
    """Put somebody else's keys there until none fits, and a little less room than that: what is free does not waver."""
    async with link.asking() as client:
        for number in range(2000):
            try:
                await client.set(f"other:{number}", "x" * 4096)
            except OutOfMemoryError:
                await client.config_set("maxmemory", "4500kb")
                return
    raise AssertionError("8 MB fit into 5")


async def empty(link):
    async with link.asking() as client:
        await client.delete(*(f"other:{number}" for number in range(2000)))


@asynccontextmanager
async def another_process(database, queue):
    """What a process that does not send sees of the queue, now."""
    link = RedisLink(queue.link._url, prefix=queue.link.prefix)
    yield BullmqRedis(database, link)
    await link.close()


async def add(database, queue, number=1):
    async with database.transaction() as tx:
        return [await queue.add(tx, *KEY, {}) for _ in range(number)]


@pytest.mark.parametrize("number", [1, 3])
async def test_a_full_redis_is_counted_and_told_of_until_there_is_room(database, queue, request_ids, number):
    await add(database, queue, 2)
    assert await Dispatcher(database, queue.link).drain() == 2
    await fill(queue.link)
    await add(database, queue, number)
    dispatcher = Dispatcher(database, queue.link)
    with pytest.raises(RedisRefused, match=r"OOM|maxmemory"):
        await dispatcher.drain()
    async with another_process(database, queue) as seen:
        assert await seen.counts("render-jobs") == Counts(waiting=2 + number)
        assert await seen.paused_among(["render-jobs"]) == frozenset()
        assert await seen.dispatch() == "pending"
        told = await redis_ready(seen.link, seen)()
        assert told.state == "degraded"
        assert "it refuses writes (" in told.detail
        assert "maxmemory" in told.detail
        assert f"; {number} jobs wait until it takes them" in told.detail
        assert seen.link.known_up
    await empty(queue.link)
    assert await dispatcher.drain() == number
    async with another_process(database, queue) as seen:
        assert await seen.dispatch() == "queued"
        assert (await redis_ready(seen.link, seen)()).state == "ok"
        assert await seen.counts("render-jobs") == Counts(waiting=2 + number)


async def test_one_process_sees_it_begin_and_end(database, queue, request_ids, until):
    async def dispatches(expected):
        return await queue.dispatch() == expected

    assert await queue.dispatch() == "queued"
    await fill(queue.link)
    await until(lambda: dispatches("pending"))
    await empty(queue.link)
    await until(lambda: dispatches("queued"))


async def test_a_cache_that_is_full_is_skipped(database, queue):
    await fill(queue.link)
    told = await redis_ready(queue.link, BullmqPostgres(database))()
    assert (told.state, told.detail.endswith("; the shared cache is skipped")) == ("degraded", True)


async def test_a_worker_starts_stops_and_sweeps_while_redis_is_full(database, queue, request_ids):
    (job_id,) = await add(database, queue)
    await Dispatcher(database, queue.link).drain()
    await fill(queue.link)
    await queue.prepare(queue.policies)
    assert await queue.orphans(["render-jobs"]) == []
    async with database.transaction() as tx:
        assert await queue.release(tx, "render-jobs") == 0
        await queue.give_back(tx, "render-jobs", job_id, "token")
