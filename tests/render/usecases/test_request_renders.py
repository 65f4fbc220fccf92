import asyncio

import pytest

from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.queues.store import executions
from ruach_studio.render.presets import FORMATS, UnknownFormat
from ruach_studio.render.store.edls import NoLockedEdl
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders


async def test_four_jobs_share_one_automation_and_are_really_queued(services, lock, wire):
    assert await lock(wire) == 1
    found = await request_renders(services, "talk-1", actor="session:op")
    assert [each.job.format for each in found] == list(FORMATS)
    assert all(each.created and each.job.state == "queued" and each.job.edl_version == 3 for each in found)
    assert len({each.job.automation_id for each in found}) == 1
    async with services.database.connection() as conn:
        for each in found:
            row = await executions.get(conn, each.job.render_job_id)
            assert (row.queue, row.state, row.automation_id) == ("render-jobs", "queued", each.job.automation_id)
            (seen,) = await list_transitions(conn, entity="render-job", entity_id=each.job.render_job_id)
            assert (seen["from"], seen["to"], seen["actor"]) == (None, "queued", "session:op")
    assert (await services.queue.counts("render-jobs")).depth == 4


async def test_fifty_at_once_make_four_jobs(services, lock, wire):
    await lock(wire)
    asked = [request_renders(services, "talk-1", actor="session:op") for _ in range(40)]
    singles = [request_renders(services, "talk-1", [name], actor="session:op") for name in FORMATS for _ in range(3)]
    found = await asyncio.gather(*asked, *singles)
    assert len({each.job.render_job_id for batch in found for each in batch}) == 4
    assert sum(each.created for batch in found for each in batch) == 4
    assert len(await list_jobs(services, "talk-1")) == 4
    assert (await services.queue.counts("render-jobs")).depth == 4


async def test_another_edl_version_is_another_render(services, lock, wire):
    await lock(wire)
    await lock({**wire, "version": 4})
    new = await request_renders(services, "talk-1", ["thumbnail"], actor="a")
    old = await request_renders(services, "talk-1", ["thumbnail"], actor="a", edl_version=3)
    assert (new[0].job.edl_version, old[0].job.edl_version) == (4, 3)
    assert old[0].created


async def test_without_a_locked_edl_nothing_is_queued(services, lock, wire):
    with pytest.raises(NoLockedEdl, match="lock the EDL") as caught:
        await request_renders(services, "talk-1", actor="a")
    assert caught.value.status == 409
    await lock({**wire, "status": "approved"})  # the event is parked, not rendered
    with pytest.raises(NoLockedEdl):
        await request_renders(services, "talk-1", actor="a")
    await lock(wire)
    with pytest.raises(UnknownFormat):
        await request_renders(services, "talk-1", ["full_16_9", "gif"], actor="a")
    assert await list_jobs(services, "talk-1") == []


async def test_the_same_event_twice_keeps_one_edl(services, lock, wire):
    await lock(wire)
    await lock(wire)
    (job,) = await request_renders(services, "talk-1", ["thumbnail"], actor="a")
    assert job.created
