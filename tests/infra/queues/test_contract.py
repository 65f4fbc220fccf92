"""A job exists exactly if the transaction around it was committed; the operator's verbs do what they say."""

import pytest

from ruach_studio.infra.context import CorrelationMissing
from ruach_studio.infra.queues import Counts
from ruach_studio.infra.queues.bullmq_postgres import JobNotFound, NotDead
from ruach_studio.infra.queues.policy import UnknownQueue
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.ids import is_uuid4

pytestmark = pytest.mark.parametrize(
    "backend", ["postgres", "valkey", pytest.param("redis7", marks=pytest.mark.slow)], indirect=True
)


async def test_a_rollback_leaves_neither_job_nor_row(database, queue, request_ids, row_of):
    async with database.engine.connect() as tx:
        job_id = await queue.add(tx, "render-jobs", "step", {})
        await tx.rollback()
    assert await row_of(job_id) is None
    assert await queue.counts("render-jobs") == Counts()


async def test_a_job_carries_the_ids_of_its_request(add, request_ids, row_of):
    row = await row_of(await add(payload={"a": 1, "b": [0.5]}))
    assert is_uuid4(row.job_id)
    assert (row.correlation_id, row.automation_id) == (request_ids.correlation_id, request_ids.automation_id)
    assert (row.state, row.attempt, row.payload) == ("queued", 1, {"a": 1, "b": [0.5]})


async def test_without_a_correlation_id_nothing_is_enqueued(add):
    with pytest.raises(CorrelationMissing):
        await add()


async def test_counts_tell_the_states_apart(queue, add, request_ids):
    for _ in range(3):
        await add()
    await add(priority=5)
    await add(delay_s=60)
    assert await queue.counts("render-jobs") == Counts(waiting=3, prioritized=1, delayed=1)
    await queue.pause("render-jobs")
    paused = await queue.counts("render-jobs")
    assert paused == Counts(paused=3, prioritized=1, delayed=1)
    assert paused.depth == 5
    await queue.resume("render-jobs")
    assert (await queue.counts("render-jobs")).waiting == 3


async def test_a_paused_queue_starts_nothing_until_resumed(queue, add, serve, until, row_of, request_ids):
    async def handler(_context, _payload):
        return None

    await queue.pause("render-jobs")
    job_id = await add()
    async with serve({("render-jobs", "step"): handler, ("assembly-jobs", "step"): handler}):
        other = await add(to="assembly-jobs")
        await until(other, "completed")
        assert (await row_of(job_id)).state == "queued"
        await queue.resume("render-jobs")
        await until(job_id, "completed")


async def test_a_waiting_job_that_is_cancelled_is_gone(database, queue, add, row_of, request_ids):
    job_id = await add()
    async with database.transaction() as tx:
        assert await queue.cancel(tx, job_id)
        assert not await queue.cancel(tx, job_id)
    assert (await row_of(job_id)).state == "cancelled"
    assert (await queue.counts("render-jobs")).depth == 0


async def test_a_removed_job_ends_as_cancelled(queue, add, row_of, request_ids):
    job_id = await add()
    assert await queue.remove("render-jobs", job_id)
    assert not await queue.remove("render-jobs", job_id)
    assert (await row_of(job_id)).state == "cancelled"


async def test_what_cannot_be_enqueued_says_so(add, request_ids):
    with pytest.raises(UnknownQueue):
        await add(to="renders")
    with pytest.raises(BadInput, match="NUL"):
        await add(payload={"title": "a\x00b"})
    with pytest.raises(BadInput, match="priority"):
        await add(priority=-1)


async def test_only_dead_jobs_are_requeued(database, queue, add, request_ids):
    job_id = await add()
    async with database.transaction() as tx:
        with pytest.raises(NotDead, match="queued"):
            await queue.requeue(tx, job_id, actor="a", reason="r")
        with pytest.raises(JobNotFound):
            await queue.cancel(tx, "f3b1cbb0-5a2c-4b0e-8e0e-0d9d9a5f0f11")
