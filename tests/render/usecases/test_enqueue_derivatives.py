"""What assembly wants of its footage becomes one job per id, however often and in whatever order it is heard."""

import pytest
import sqlalchemy as sa

from ruach_studio.events.derivative import DerivativesRequested, DerivativeWithdrawn, Wanted
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.outbox import Relay, publish
from ruach_studio.infra.queues import JobError, get_execution
from ruach_studio.infra.queues.failure import describe, record_failure
from ruach_studio.render.entrypoints import jobs_media
from ruach_studio.render.entrypoints.events import consumers

FILE = "/footage/a.mp4"


@pytest.fixture
def tell(services):
    async def telling(*events):
        for event in events:
            async with services.database.transaction() as tx:
                await publish(tx, event)
        return await Relay(services.database, consumers(services)).drain()

    return telling


@pytest.fixture
def jobs(services):
    async def listed():
        async with services.database.connection() as conn:
            rows = await conn.execute(sa.text("SELECT id, state, automation_id FROM platform.execution ORDER BY created_at"))
            return [tuple(row) for row in rows]

    return listed


def wanted(job_id, kind="peaks"):
    return Wanted("d" * 32, job_id, kind, FILE, 1)


async def test_one_job_for_each_id_heard_twice_or_again(services, tell, jobs):
    first, second, automation = new_id(), new_id(), new_id()
    with bind(automation_id=automation):
        wish = DerivativesRequested("talk", "session:someone", [wanted(first), wanted(second, "proxy")])
        assert await tell(wish, wish, DerivativesRequested("talk", "session:other", [wanted(first)])) == 3
    assert sorted(await jobs()) == sorted((each, "queued", automation) for each in (first, second))
    async with services.database.connection() as conn:
        run = await get_execution(conn, first)
    assert (run.queue, run.name, dict(run.payload)) == (
        "media-transcoding", "derive",
        {"sessionId": "talk", "derivativeId": "d" * 32, "kind": "peaks", "path": FILE, "recipe": 1,
         "actor": "session:someone"},
    )  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
async def test_withdrawn_is_withdrawn_before_the_wish_and_after_it(tell, jobs, order):
    job_id = new_id()
    wish = DerivativesRequested("talk", "t", [wanted(job_id)])
    gone = DerivativeWithdrawn("talk", "t", "the wrong card", wanted(job_id))
    await tell(*[wish, gone][::order])
    assert [each[:2] for each in await jobs()] == [(job_id, "cancelled")]


async def test_the_retry_of_a_withdrawn_run_is_cancelled_too(services, tell, jobs):
    job_id = new_id()
    await tell(DerivativesRequested("talk", "t", [wanted(job_id)]))
    async with services.database.transaction() as tx:
        error = describe(RuntimeError("why\x00"))  # no event may hold NUL, and a failure must not fail to be told
        failed = await record_failure(tx, services.queue, jobs_media.hooks(), job_id, error)
    await tell(DerivativeWithdrawn("talk", "t", "", wanted(job_id)))
    assert [each[:2] for each in await jobs()] == [(job_id, "failed"), (failed.retried_as, "cancelled")]
    async with services.database.connection() as conn:
        told = await conn.scalar(sa.text("SELECT payload FROM platform.outbox WHERE event_type = 'derivative.failed'"))
    assert (told["jobId"], told["earlierJobIds"], told["retriedAs"]) == (job_id, [], failed.retried_as)
    assert told["error"] == {"code": "RuntimeError", "message": "why\ufffd", "retryable": True, "details": {}}


async def test_what_has_ended_stays_as_it_ended(services, tell, jobs):
    job_id = new_id()
    await tell(DerivativesRequested("talk", "t", [wanted(job_id)]))
    async with services.database.transaction() as tx:
        await record_failure(tx, services.queue, jobs_media.hooks(), job_id, JobError("bad_media", "why", False))
    await tell(DerivativeWithdrawn("talk", "t", "", wanted(job_id)))
    assert [each[:2] for each in await jobs()] == [(job_id, "dead-letter")]
