"""A later job about the same work settles a dead letter; one about other work, or of an older version, does not."""

import pytest

from ruach_studio.infra.queues import HandlerHooks
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.kernel.errors import BadInput

KEY = ("render-jobs", "step")


@pytest.fixture
def letters(database):
    async def reading():
        async with database.connection() as conn:
            return await dead_letters.list_dead_letters(conn, resolved=True)

    return reading


async def test_the_same_work_done_later_settles_the_letter_once(add, serve, until, queue, letters, request_ids):
    broken = True

    async def handler(_context, _payload):
        if broken:
            raise BadInput("the file is gone")
        return {}

    hooks = {KEY: HandlerHooks(subject=("sessionId", "format"), version="edlVersion")}
    async with serve({KEY: handler}, hooks=hooks):
        dead = await add(payload={"sessionId": "a", "format": "clip", "edlVersion": 4})
        await until(dead, "dead-letter")
        broken = False
        assert (await queue.counts("render-jobs-dlq")).depth == 1
        for payload in (
            {"sessionId": "b", "format": "clip", "edlVersion": 4},
            {"sessionId": "a", "format": "full", "edlVersion": 4},
            {"sessionId": "a", "format": "clip", "edlVersion": 3},
        ):
            await until(await add(payload=payload), "completed")
        (letter,) = await letters()
        assert (letter["resolved_at"], letter["subject"]) == (None, {"sessionId": "a", "format": "clip"})
        done = await add(payload={"sessionId": "a", "format": "clip", "edlVersion": 10, "actor": "ana"})
        await until(done, "completed")
    (letter,) = await letters()
    assert (letter["resolved_by"], letter["resolution"]) == ("worker", f"done since by job {done}")
    assert (await queue.counts("render-jobs-dlq")).depth == 0


async def test_without_a_subject_no_job_settles_anything(add, serve, until, letters, request_ids):
    broken = True

    async def handler(_context, _payload):
        if broken:
            raise BadInput("no")
        return {}

    async with serve({KEY: handler}):
        await until(await add(payload={"sessionId": "a"}), "dead-letter")
        broken = False
        await until(await add(payload={"sessionId": "a"}), "completed")
    (letter,) = await letters()
    assert (letter["resolved_at"], letter["subject"]) == (None, None)


async def test_what_is_measured_at_the_death_is_kept_and_a_broken_measure_buries_all_the_same(
    add, serve, until, letters, request_ids
):
    async def handler(_context, payload):
        raise BadInput("no", subject=payload["sessionId"])

    async def facts(tx, execution):
        if execution.payload["sessionId"] == "odd":
            await tx.exec_driver_sql("SELECT 1 / 0")
        return {"largestFileBytes": 7}

    async with serve({KEY: handler}, hooks={KEY: HandlerHooks(facts=facts)}):
        for session_id in ("even", "odd"):
            await until(await add(payload={"sessionId": session_id}), "dead-letter")
    odd, even = await letters()
    assert even["facts"] == {"largestFileBytes": 7}
    assert "division by zero" in odd["facts"]["unmeasured"]
