"""The sweep lets every pillar mend its own rows."""

import psycopg
import pytest
from sqlalchemy import text

from ruach_studio.infra.context import current
from ruach_studio.infra.queues import HandlerHooks
from ruach_studio.infra.queues.store import bullmq, executions, runs
from ruach_studio.infra.queues.sweeper import Sweeper


async def test_the_sweep_calls_each_pillars_mending_and_outlives_a_broken_one(database, queue, request_ids):
    called = []

    async def broken():
        called.append("broken")
        raise KeyError("a fault of one pillar")

    async def mend():
        called.append(current().correlation_id)

    async def elsewhere():
        called.append("elsewhere")

    hooks = {
        ("render-jobs", "a"): HandlerHooks(on_sweep=broken),
        ("render-jobs", "b"): HandlerHooks(on_sweep=mend),
        ("assembly-jobs", "c"): HandlerHooks(on_sweep=elsewhere),
    }
    assert await Sweeper(database, queue, hooks, ["render-jobs"]).sweep() == 0
    assert called[0] == "broken"
    assert len(called) == 2  # the queue that this worker does not serve is another's
    assert called[1] is not None


async def test_a_dead_worker_s_lock_is_ended_but_never_that_of_who_took_the_job_over(database, queue, add, request_ids):
    """The second look may come when a living worker has just taken the job: its lock ended too, and two ran one job."""
    job_id = await add()
    async with database.transaction() as tx:
        await runs.begin(tx, job_id, 999_999)  # a worker that holds no liveness lock
        await hold(tx, job_id, "the dead one's")
    sweeper = Sweeper(database, queue, {}, ["render-jobs"])
    assert await sweeper.sweep() == 0, "seen once"
    async with database.transaction() as tx:
        await hold(tx, job_id, "the living one's")
    async with database.connection() as conn:
        assert [token for *_, token in await executions.left_active(conn, ["render-jobs"])] == ["the living one's"]
    async with database.transaction() as tx:
        assert not await bullmq.expire_lock(tx, "render-jobs", job_id, "the dead one's")
    assert await sweeper.sweep() == 0, "another lock is not the one that was suspected"
    async with database.transaction() as tx:
        assert await tx.scalar(text("SELECT locked_until_ms FROM bullmq.job")) > 1
        assert await bullmq.expire_lock(tx, "render-jobs", job_id, "the living one's")
        assert await tx.scalar(text("SELECT locked_until_ms FROM bullmq.job")) == 1


@pytest.mark.parametrize("state", ["completed", "failed", "dead-letter"])
async def test_an_ended_job_that_bullmq_still_counts_as_active_is_taken_back(database, queue, add, request_ids, state):
    """A crash between the two commits loses BullMQ's word of the end: for 30 s the job held a place in its queue."""
    job_id = await add()
    async with database.transaction() as tx:
        await runs.begin(tx, job_id, 999_999)
        await hold(tx, job_id, "who ended it")
        await executions.finish(tx, job_id, state, error={"code": "x"})
    sweeper = Sweeper(database, queue, {}, ["render-jobs"])
    assert await sweeper.sweep() == 0, "it may just be on its way to BullMQ"
    assert await sweeper.sweep() == 1
    async with database.connection() as conn:
        assert await conn.scalar(text("SELECT locked_until_ms FROM bullmq.job WHERE queue = 'render-jobs'")) == 1


async def test_a_claim_of_a_dead_process_that_never_began_is_taken_back(database, queue, add, until, request_ids):
    """The process died between BullMQ's claim and ours: the row names nobody, the claim's token does."""
    job_id = await add()
    sweeper = Sweeper(database, queue, {}, ["render-jobs"])
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as worker:
        await executions.prove_alive(worker, 7)
        async with database.transaction() as tx:
            await hold(tx, job_id, "7.abc:1")
        assert [await sweeper.sweep() for _ in range(3)] == [0, 0, 0], "it is about to begin"
    await until(lambda: no_worker_lives(database))
    assert [await sweeper.sweep() for _ in range(2)] == [0, 1]
    async with database.transaction() as tx:
        await hold(tx, job_id, "abc:1")
    assert [await sweeper.sweep() for _ in range(3)] == [0, 0, 0], "an older release's claim, whose process nobody knows"


async def test_a_cancelled_job_whose_worker_lives_may_wind_down(database, queue, add, until, request_ids):
    job_id = await add()
    async with database.transaction() as tx:
        await runs.begin(tx, job_id, 7)
        await hold(tx, job_id, "winds down")
        await executions.finish(tx, job_id, "cancelled")
    sweeper = Sweeper(database, queue, {}, ["render-jobs"])
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as worker:
        await executions.prove_alive(worker, 7)
        assert [await sweeper.sweep() for _ in range(3)] == [0, 0, 0]
    await until(lambda: no_worker_lives(database))
    assert [await sweeper.sweep() for _ in range(2)] == [0, 1], "its worker is dead"


async def no_worker_lives(database):
    async with database.connection() as conn:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = :class"
        return await conn.scalar(text(held), {"class": executions.WORKER_LOCK_CLASS}) == 0


async def hold(tx, job_id, token):
    await tx.execute(
        text(
            "UPDATE bullmq.job SET state = 'active', lock_token = :token,"
            " locked_until_ms = extract(epoch from now()) * 1000 + 30000 WHERE id = :id"
        ),
        {"id": job_id, "token": token},
    )
