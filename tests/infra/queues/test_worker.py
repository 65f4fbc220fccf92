"""A job runs once after its commit, retries under new ids along the ladder, and dies exactly once."""

import asyncio
import time
from itertools import pairwise

import psycopg
import pytest

from ruach_studio.infra.context import current
from ruach_studio.infra.queues import HandlerHooks
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.kernel.errors import BadInput, Unavailable

KEY = ("render-jobs", "step")
pytestmark = pytest.mark.parametrize(
    "backend", ["postgres", "valkey", pytest.param("redis7", marks=pytest.mark.slow)], indirect=True
)


class Weather(Unavailable):
    """It rains."""

    code = "weather"


@pytest.fixture
def told():
    """Hooks that note what they are called with."""
    notes = []

    async def on_retry(_tx, old, new_id, error):
        notes.append(("retry", old.job_id, new_id, error.code))

    async def on_dead(_tx, job, error):
        notes.append(("dead", job.job_id, error.code))

    return notes, HandlerHooks(on_retry, on_dead, triage=lambda _job, error: {"cause": error.code})


async def test_a_committed_job_is_picked_up_with_its_ids(add, serve, until, request_ids):
    seen = []

    async def handler(context, payload):
        seen.append((current(), context.attempt, dict(payload)))
        return {"twice": payload["n"] * 2}

    async with serve({KEY: handler}):
        job_id = await add(payload={"n": 21})
        row = await until(job_id, "completed")
    assert row.result == {"twice": 42}
    (ids, attempt, payload) = seen[0]
    assert (ids.correlation_id, ids.automation_id) == (request_ids.correlation_id, request_ids.automation_id)
    assert ids.render_job_id == job_id
    assert (attempt, payload, len(seen)) == (1, {"n": 21}, 1)


async def test_each_retry_has_a_new_id_and_the_ladder_is_kept(add, serve, until, queue, database, request_ids, told):
    notes, hooks = told
    runs = []

    async def handler(context, _payload):
        runs.append((context.job_id, context.automation_id, context.attempt, time.monotonic()))
        raise Weather("it pours")

    async with serve({KEY: handler}, hooks={KEY: hooks}):
        first = await add(payload={"k": 1})
        await until(lambda: notes and notes[-1][0] == "dead")
        last = await until(notes[-1][1], "dead-letter")

        async def dlq_is_full():
            return (await queue.counts("render-jobs-dlq")).waiting

        assert await until(dlq_is_full) == 1
    ids = [run[0] for run in runs]
    assert ids[0] == first
    assert len(set(ids)) == len(ids) == 3
    assert {run[1] for run in runs} == {request_ids.automation_id}
    assert [run[2] for run in runs] == [1, 2, 3]
    gaps = [later[3] - earlier[3] for earlier, later in pairwise(runs)]
    assert 0.3 <= gaps[0] < 10
    assert 0.6 <= gaps[1] < 10
    assert notes == [("retry", ids[0], ids[1], "weather"), ("retry", ids[1], ids[2], "weather"), ("dead", ids[2], "weather")]
    assert last.retry_of == ids[1]
    async with database.connection() as conn:
        (letter,) = await dead_letters.list_dead_letters(conn, queue="render-jobs")
    assert letter["source_id"] == ids[2]
    assert [each["jobId"] for each in letter["attempts"]] == ids
    assert letter["error"]["code"] == "weather"
    assert "Weather" in letter["error"]["traceback"]
    assert letter["triage"] == {"cause": "weather"}


async def test_what_no_repetition_can_mend_goes_straight_to_the_dead_letters(add, serve, until, queue, request_ids, told):
    notes, hooks = told

    async def handler(_context, _payload):
        raise BadInput("it is empty", subject="a.mp4")

    async with serve({KEY: handler}, hooks={KEY: hooks}):
        row = await until(await add(), "dead-letter")
    assert row.error["code"] == "bad_input"
    assert row.error["details"]["subject"] == "a.mp4"
    assert [note[0] for note in notes] == ["dead"]
    assert (await queue.counts("render-jobs-dlq")).waiting == 1


async def test_a_result_that_cannot_be_stored_is_a_failure(add, serve, until, request_ids):
    async def handler(_context, _payload):
        return {"when": object()}

    async with serve({KEY: handler}):
        row = await until(await add(), "failed")
    assert "no canonical form" in row.error["message"]


async def test_a_hook_that_breaks_delays_the_retry_but_loses_nothing(add, serve, until, database, row_of, request_ids):
    calls = []

    async def on_retry(_tx, _old, new_id, _error):
        calls.append(new_id)
        if len(calls) == 1:
            raise RuntimeError("broken hook")

    async def handler(context, _payload):
        if context.attempt == 1:
            raise Weather("it pours")

    with psycopg.connect(database.dsn) as conn:
        conn.execute("ALTER TABLE platform.execution ALTER created_at SET DEFAULT now() - interval '1 minute'")
    async with serve({KEY: handler}, hooks={KEY: HandlerHooks(on_retry=on_retry)}):
        first = await add()
        await until(first, "failed")
        await until(calls[-1], "completed")
    assert len(calls) == 2
    assert await row_of(calls[0]) is None


async def test_an_operator_requeues_a_dead_job_under_a_new_id(add, serve, until, queue, database, row_of, request_ids):
    broken = True

    async def handler(_context, _payload):
        if broken:
            raise BadInput("no")
        return {"ok": True}

    async with serve({KEY: handler}):
        dead = await until(await add(), "dead-letter")
        broken = False
        async with database.transaction() as tx:
            new_id = await queue.requeue(tx, dead.job_id, actor="ana", reason="file copied again")
        row = await until(new_id, "completed")

        async def taken_away():
            return (await queue.counts("render-jobs-dlq")).waiting == 0

        await until(taken_away)  # Redis is told after the commit
    assert (row.retry_of, row.automation_id, row.attempt) == (dead.job_id, dead.automation_id, 1)
    async with database.connection() as conn:
        assert await dead_letters.list_dead_letters(conn) == []
        (letter,) = await dead_letters.list_dead_letters(conn, resolved=True)
    assert (letter["resolved_by"], letter["resolution"]) == ("ana", "requeued: file copied again")


async def test_a_running_job_is_told_that_it_is_cancelled(add, serve, until, queue, database, request_ids, told):
    notes, hooks = told
    started = asyncio.Event()
    stopped = asyncio.Event()

    async def handler(context, _payload):
        started.set()
        await context.cancelled.wait()
        stopped.set()
        return {"half": True}

    async with serve({KEY: handler}, hooks={KEY: hooks}):
        job_id = await add()
        await asyncio.wait_for(started.wait(), 10)
        begun = time.monotonic()
        async with database.transaction() as tx:
            assert await queue.cancel(tx, job_id)
        await asyncio.wait_for(stopped.wait(), 5)
        assert time.monotonic() - begun < 5
    row = await until(job_id, "cancelled")
    assert row.result is None
    assert notes == []
    assert (await queue.counts("render-jobs")).depth == 0


async def test_a_stopped_worker_gives_its_job_back_under_the_same_id(add, serve, until, row_of, request_ids):
    started = asyncio.Event()

    async def endless(_context, _payload):
        started.set()
        await asyncio.Event().wait()

    async def quick(context, _payload):
        return {"attempt": context.attempt}

    async with serve({KEY: endless}, grace_s=0.2):
        job_id = await add()
        await asyncio.wait_for(started.wait(), 10)
    assert (await row_of(job_id)).state == "queued"
    async with serve({KEY: quick}):
        row = await until(job_id, "completed", deadline_s=5)
    assert (row.result, row.starts) == ({"attempt": 1}, 2)


async def test_a_stop_lets_running_work_finish_within_its_grace(add, serve, row_of, request_ids):
    started = asyncio.Event()

    async def handler(_context, _payload):
        started.set()
        await asyncio.sleep(0.3)
        return {"done": True}

    async with serve({KEY: handler}, grace_s=10):
        job_id = await add()
        await asyncio.wait_for(started.wait(), 10)
    assert (await row_of(job_id)).state == "completed"


async def test_no_more_run_at_once_than_the_policy_allows_over_all_workers(database, queue, serve, until, request_ids):
    running = peak = done = 0
    three = asyncio.Event()

    async def handler(_context, _payload):
        nonlocal running, peak, done
        running += 1
        peak = max(peak, running)
        if running == 3:
            three.set()
        await three.wait()
        await asyncio.sleep(0.05)
        running -= 1
        done += 1

    async with serve({KEY: handler}), serve({KEY: handler}):
        async with database.transaction() as tx:
            for _ in range(12):
                await queue.add(tx, *KEY, {})
        await until(lambda: done == 12, deadline_s=30)
    assert peak == 3
