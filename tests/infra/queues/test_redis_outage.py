"""Redis may be away, die, or lose everything: what was committed runs, in order, and its effect is single."""

import asyncio
import sys
import time

import psycopg
import pytest

from ruach_studio.infra.context import new_id
from ruach_studio.infra.queues import BullmqRedis, Counts
from ruach_studio.infra.queues.dispatcher import Dispatcher
from ruach_studio.infra.queues.store import dispatch
from ruach_studio.infra.redis_link import RedisAway, RedisLink
from ruach_studio.testing.redis_server import redis_server, valkey_program

KEY = ("render-jobs", "step")


@pytest.fixture
def backend():
    return "valkey"


@pytest.fixture
async def nowhere():
    """A way to a Redis that is not there."""
    link = RedisLink("redis://127.0.0.1:1/0", prefix=new_id())
    yield link
    await link.close()


async def rows(database):
    async with database.connection() as conn:
        return await dispatch.next_waiting(conn, 100)


async def test_with_redis_down_a_request_commits_and_pays_nothing(database, nowhere, request_ids):
    queue = BullmqRedis(database, nowhere)
    begun = time.monotonic()
    async with database.transaction() as tx:
        ids = [await queue.add(tx, *KEY, {"n": n}) for n in range(20)]
    assert time.monotonic() - begun < 5
    assert [each.job_id for each in await rows(database)] == ids
    assert (await queue.counts("render-jobs")) == Counts(waiting=20)
    with pytest.raises(RedisAway):
        await queue.pause("render-jobs")
    async with database.transaction() as tx:
        assert await queue.cancel(tx, ids[0])
    assert await queue.remove("render-jobs", ids[1]), "Redis never heard of it"
    left = [(each.verb, each.job_id) for each in await rows(database)]
    assert left == [*(("add", each) for each in ids[2:]), ("remove", ids[0])]
    assert (await queue.counts("render-jobs")).depth == 18


async def test_known_to_be_down_redis_is_not_asked_again_for_two_seconds(nowhere):
    assert not await nowhere.up()
    asked = []
    nowhere.client.ping = lambda: asked.append(1)
    assert not await nowhere.up()
    with pytest.raises(RedisAway):
        async with nowhere.asking():
            raise AssertionError("the block must not run")
    assert asked == []


async def test_what_waited_is_sent_in_order_once_redis_is_there(database, queue, request_ids):
    link = queue.link
    async with database.transaction() as tx:
        ids = [await queue.add(tx, *KEY, {"n": n}) for n in range(30)]
        late = await queue.add(tx, *KEY, {}, delay_s=60)
        first = await queue.add(tx, *KEY, {}, priority=2)
    assert await Dispatcher(database, link).drain() == 32
    assert await rows(database) == []
    assert await link.client.lrange(f"{link.prefix}:render-jobs:wait", 0, -1) == ids[::-1], "taken from the right"
    assert await queue.counts("render-jobs") == Counts(waiting=30, delayed=1, prioritized=1)
    score = await link.client.zscore(f"{link.prefix}:render-jobs:delayed", late)
    assert 55 < score / 0x1000 / 1000 - time.time() <= 60
    async with database.transaction() as tx:
        for job_id in (*ids[:10], first, late):
            assert await queue.cancel(tx, job_id)
    assert await Dispatcher(database, link).drain() == 12
    assert await queue.counts("render-jobs") == Counts(waiting=20)


async def test_a_row_that_is_sent_twice_is_one_job(database, queue, request_ids):
    async with database.transaction() as tx:
        job_id = await queue.add(tx, *KEY, {})
    sender = Dispatcher(database, queue.link)
    (row,) = await rows(database)
    assert await sender._send([row]) == {}, "and now the process dies, before it forgets the row"
    assert await Dispatcher(database, queue.link).drain() == 1
    assert await queue.counts("render-jobs") == Counts(waiting=1)
    assert await queue.link.client.lrange(f"{queue.link.prefix}:render-jobs:wait", 0, -1) == [job_id]


async def test_a_job_sent_again_after_its_end_runs_no_second_time(database, queue, add, serve, until, request_ids):
    runs = []

    async def handler(context, _payload):
        runs.append(context.job_id)

    async with serve({KEY: handler}):
        job_id = await add()
        await until(job_id, "completed")
        await queue.link.client.flushdb()  # BullMQ has forgotten the job
        async with database.transaction() as tx:
            await dispatch.add(tx, queue=KEY[0], job_id=job_id, name=KEY[1], data={}, priority=0, delay_s=0)
        after = await add()
        await until(after, "completed")
    assert runs == [job_id, after]


async def test_a_redis_that_lost_everything_is_told_again(database, queue, add, serve, until, request_ids):
    runs = []

    async def handler(context, _payload):
        runs.append(context.job_id)

    jobs = [await add() for _ in range(3)]
    await Dispatcher(database, queue.link).drain()
    await queue.link.client.delete(*await queue.link.client.keys(f"{queue.link.prefix}:*"))
    with psycopg.connect(database.dsn) as conn:
        conn.execute("UPDATE platform.execution SET created_at = now() - interval '1 minute'")
    assert await queue.orphans(["render-jobs"]) == []
    assert sorted(each.job_id for each in await rows(database)) == sorted(jobs)
    assert await queue.orphans(["render-jobs"]) == [], "once is enough"
    assert len(await rows(database)) == 3
    async with serve({KEY: handler}):
        for job_id in jobs:
            assert (await until(job_id, "completed")).starts == 1
    assert sorted(runs) == sorted(jobs)


async def test_a_server_that_may_drop_jobs_gets_none(database, tmp_path, request_ids):
    with redis_server(valkey_program(), tmp_path, "--maxmemory-policy", "allkeys-lru") as server:
        link = RedisLink(server.url)
        async with database.transaction() as tx:
            await BullmqRedis(database, link).add(tx, *KEY, {})
        with pytest.raises(Exception, match="noeviction"):
            await Dispatcher(database, link).drain()
        assert len(await rows(database)) == 1
        await link.client.config_set("maxmemory-policy", "noeviction")
        await link.client.config_set("appendonly", "no")
        (warning,) = await link.check()
        assert "appendonly" in warning
        assert await Dispatcher(database, link).drain() == 1
        await link.close()


@pytest.mark.slow
@pytest.mark.parametrize("down_s", [6])
async def test_kill_9_of_redis_under_load_loses_and_doubles_nothing(database, tmp_path, until, request_ids, down_s, serve):
    """40 jobs before, 40 during, 40 after an outage; two workers; each job's effect is counted in PostgreSQL."""
    with psycopg.connect(database.dsn) as conn:
        conn.execute("CREATE TABLE effect (job_id text PRIMARY KEY, times integer NOT NULL)")
    with redis_server(valkey_program(), tmp_path) as server:
        link = RedisLink(server.url)
        queue = BullmqRedis(database, link)

        async def handler(context, _payload):
            await asyncio.sleep(0.02)
            with psycopg.connect(database.dsn) as conn:
                conn.execute(
                    "INSERT INTO effect VALUES (%s, 1) ON CONFLICT (job_id) DO UPDATE SET times = effect.times + 1",
                    (context.job_id,),
                )

        async def some(number):
            made, slowest_s = [], 0.0
            for _ in range(number):
                begun = time.monotonic()
                async with database.transaction() as tx:
                    made.append(await queue.add(tx, *KEY, {}))
                slowest_s = max(slowest_s, time.monotonic() - begun)
            return made, slowest_s

        async with serve({KEY: handler}, on=queue), serve({KEY: handler}, on=queue):
            jobs, _ = await some(40)
            server.kill()
            during, slowest_s = await some(40)
            await asyncio.sleep(down_s)
            async with database.connection() as conn:
                assert await dispatch.all_pending(conn) >= 40
            server.start()
            after, _ = await some(40)
            for job_id in (*jobs, *during, *after):
                await until(job_id, "completed", deadline_s=60)
        await link.close()
    with psycopg.connect(database.dsn) as conn:
        effects = conn.execute("SELECT count(*), max(times) FROM effect").fetchone()
    print(f"slowest add while Redis was down: {slowest_s * 1000:.0f} ms", file=sys.stderr)
    assert slowest_s < 2
    assert effects == (120, 1)
