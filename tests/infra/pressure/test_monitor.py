"""Depth becomes a level that is kept, announced once per change, and outlives the process; paused work waits for a word."""

import asyncio

import pytest

from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.pressure.commands import NotPaused
from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues import follow, get_execution, held_among
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.queues.watch import watch
from ruach_studio.kernel.errors import BadInput

from .conftest import LOW

QUEUE = "render-jobs"


async def look(bench):
    return next(each for each in await watch(bench.database, bench.queue) if each.queue == QUEUE)


async def state_of(bench, job_id):
    async with bench.database.connection() as conn:
        return (await get_execution(conn, job_id)).state


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  (another process, so to speak, makes it true)
            await asyncio.sleep(0.02)


async def test_a_rise_and_a_fall_are_told_once_each_and_paused_work_stays(bench):
    ids = await bench.fill(11)
    assert [each.level for each in await bench.monitor.judge()] == ["degraded"]
    assert await bench.monitor.judge() == []
    seen = await look(bench)
    assert (seen.level, seen.depth, seen.held, seen.paused_since is not None) == ("degraded", 11, 11, True)
    assert (await PressureBoard(bench.database).of(QUEUE)).level == "degraded"  # another process, after a restart
    await bench.drop(ids[:7])
    assert [each.level for each in await bench.monitor.judge()] == ["normal"]
    seen = await look(bench)
    assert (seen.level, seen.held, seen.paused_since is not None) == ("normal", 4, True)

    told = await bench.events()
    assert [each.event_type for each in told] == ["queue.backpressure.degraded", "queue.backpressure.normal"]
    assert [dict(each.payload) for each in told] == [
        {"queue": QUEUE, "depth": 11, "previousLevel": "normal"}, {"queue": QUEUE, "depth": 4, "previousLevel": "degraded"},
    ]  # fmt: skip
    assert len({each.correlation_id for each in told}) == 1  # one incident
    async with bench.database.connection() as conn:
        rows = await list_transitions(conn, entity="queue", entity_id=QUEUE)
    assert [(row["from"], row["to"]) for row in rows] == [("degraded", "normal"), ("normal", "degraded")]  # newest first


async def test_two_monitors_announce_a_change_once(bench):
    await bench.fill(6)
    other = PressureMonitor(bench.database, bench.queue, bench.board, thresholds=LOW)
    for _ in range(5):
        await asyncio.gather(bench.monitor.judge(), other.judge())
    assert [each.event_type for each in await bench.events()] == ["queue.backpressure.warning"]


BOTH = pytest.mark.parametrize("bench", ["postgres", "valkey"], indirect=True)


@BOTH
async def test_held_work_waits_for_the_operator_while_the_rest_flows(bench):
    ran = []

    async def handler(context, _payload):
        ran.append(context.job_id)

    still = await bench.fill(12)
    async with bench.database.transaction() as tx:
        await bench.queue.cancel(tx, still[0])
    await bench.monitor.judge()
    (film,) = await bench.fill(1, name="film", pausable=False)
    (late,) = await bench.fill(1)  # asked for while the queue is paused
    retry = (await bench.fill(1, delay_s=3600))[0]  # waits for its rung of the ladder, held or not
    async with bench.database.connection() as conn:
        assert await held_among(conn, [film, late, still[1]]) == {late, still[1]}
    changes = follow(bench.database, late)
    assert (await anext(changes))[1]["held"] is True

    async with bench.work(handler, "still", "film"):

        async def all_set_aside():
            return (await bench.queue.counts(QUEUE)).delayed == 13

        await until(all_set_aside)
        assert ran == [film]
        assert await state_of(bench, late) == "queued"
        assert (await look(bench)).depth == 13  # they still count
        dry = await bench.resume(dry_run=True)
        assert (dry.status, dry.result["released"]) == ("dry-run", 13)  # with the one whose time has not come
        with pytest.raises(BadInput, match="needs a reason"):
            await bench.resume(reason=" ")
        assert ran == [film]
        done = await bench.resume()
        assert done.result["released"] == 13
        assert (await asyncio.wait_for(anext(changes), 10))[1]["held"] is False

        async def all_ran():
            return len(ran) == 13

        await until(all_ran, 60)
    await changes.aclose()
    assert len(set(ran)) == 13
    assert retry not in ran
    assert still[0] not in ran
    with pytest.raises(NotPaused):
        await bench.resume()
    resumed = (await bench.events())[-1]
    assert resumed.event_type == "queue.resumed"
    assert (resumed.payload["released"], resumed.payload["reason"]) == (13, "the disk is back")


@BOTH
async def test_a_claim_and_the_resume_cannot_miss_each_other(bench):
    """Claims that find a paused queue and the operator's word at the same time: nothing stays set aside."""
    ran = []

    async def handler(context, _payload):
        ran.append(context.job_id)

    await bench.fill(30)
    await bench.monitor.judge()
    async with bench.work(handler, "still"):

        async def some_set_aside():
            return (await bench.queue.counts(QUEUE)).delayed >= 5

        await until(some_set_aside)
        await bench.resume()

        async def empty():
            return (await bench.queue.counts(QUEUE)).depth == 0

        await until(empty, 60)
    assert len(ran) == 30
