"""A run begins with BullMQ's claim and ends with BullMQ's end, and each claim gets its own execution."""

import pytest
from sqlalchemy import text

from ruach_studio.infra.queues.store import dispatch, runs

QUEUE = "formation-state"
KEY = (QUEUE, "step")


@pytest.mark.parametrize("backend", ["postgres", "valkey"], indirect=True)
async def test_claims_of_one_breath_run_each_its_own_job_once(database, queue, add, serve, until, row_of, request_ids):
    """bullmq 3.4.4 gives the claims that it begins together one token."""
    wanted = {await add(payload={"n": n}, to=QUEUE): n for n in range(30)}
    seen = []

    async def handler(context, payload):
        seen.append((context.job_id, payload["n"]))
        return {"n": payload["n"]}

    async with serve({KEY: handler}):
        await until(lambda: len(seen) == 30)
        for job_id in wanted:
            await until(job_id, "completed")
    assert sorted(seen) == sorted(wanted.items())
    rows = [await row_of(job_id) for job_id in wanted]
    assert [(row.starts, row.result) for row in rows] == [(1, {"n": n}) for n in wanted.values()]
    counts = await queue.counts(QUEUE)
    assert (counts.active, counts.failed, counts.depth) == (0, 0, 0)


async def test_bullmq_hears_of_the_end_in_the_statement_that_ends_the_execution(database, add, serve, until, request_ids):
    both = text("SELECT count(*) FROM platform.execution e JOIN bullmq.job j ON j.id = e.id AND j.queue = e.queue"
                " WHERE e.state = 'completed' AND j.state <> 'completed'")  # fmt: skip
    late = 0

    async def handler(_context, _payload):
        nonlocal late
        async with database.connection() as conn:
            late += await conn.scalar(both)

    async with serve({KEY: handler}):
        for job_id in [await add(to=QUEUE) for _ in range(30)]:
            await until(job_id, "completed")
    assert late == 0


async def test_bullmq_s_own_statements_do_not_wait_for_the_disk(queue):
    """The option in the address did nothing: bullmq 3.4.4 connects with options of its own instead."""
    worker = queue.bull_worker(QUEUE, None, {"autorun": False, "lockDuration": 30_000})
    found = await worker.backend.connection.run("SHOW synchronous_commit", [])
    await worker.backend.close()
    assert found.rows == [("off",)]


async def test_a_run_begins_and_ends_without_a_look_at_the_other_open_ones(database, queue, request_ids):
    """The planner went through the index of all open executions, for each run."""
    fetched = "SELECT pg_stat_get_xact_tuples_fetched('platform.execution'::regclass)"
    async with database.transaction() as tx:
        job_ids = [await queue.add(tx, QUEUE, "step", {}) for _ in range(300)]
    async with database.driver() as conn:
        read = []
        for work in (
            lambda: runs.begin_all(conn, job_ids[-1:], 7),
            lambda: runs.end_all(conn, [runs.Ended(job_ids[-1], 1, "{}")]),
            lambda: runs.claim(conn, QUEUE, "7.w:1", lock_ms=30_000, worker=7),
        ):
            async with conn.transaction():
                assert await work()
                read += await (await conn.execute(fetched)).fetchone()
    assert max(read) <= 4, read


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_what_is_too_long_for_a_notice_is_read_from_its_row(add, serve, until, request_ids):
    async def handler(_context, payload):
        return {"length": len(payload["text"])}

    async with serve({KEY: handler}):
        for length in (7_000, 7_950, 30_000):
            row = await until(await add(payload={"text": "ä" * length}, to=QUEUE), "completed")
            assert row.result == {"length": length}


def test_a_notice_tells_of_a_job_or_only_that_there_is_one():
    found = dispatch.told('7 {"queue": "q", "job_id": "j", "name": "n", "priority": 2, "data": {"a": "x y"}}')
    assert (found.seq, found.verb, found.queue, found.job_id, found.data) == (7, "add", "q", "j", {"a": "x y"})
    assert (found.name, found.priority, found.delay_s) == ("n", 2, 0.0)
    assert dispatch.told("") is None
