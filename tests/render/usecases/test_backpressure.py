"""Under pressure: shedding refuses all but an operator's critical renders; a pause holds all but the programme."""

import json

import pytest

from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues.pressure import Shedding, Thresholds
from ruach_studio.infra.queues.progress import follow
from ruach_studio.infra.queues.store import executions
from ruach_studio.render.entrypoints.progress import HELD, shown
from ruach_studio.render.entrypoints.schemas import job_out
from ruach_studio.render.usecases.read_jobs import get_job, list_jobs
from ruach_studio.render.usecases.request_renders import request_renders


@pytest.fixture
def judged(services):
    """Return a function that lets a monitor look once, with low thresholds."""

    async def judge(*levels):
        monitor = PressureMonitor(services.database, services.queue, services.pressure, thresholds=Thresholds(*levels))
        found = await monitor.judge()
        await services.pressure.refresh()
        return [each.level for each in found]

    return judge


async def test_shedding_refuses_before_it_looks_anything_up_and_takes_what_is_critical(services, lock, wire, judged):
    await lock(wire)
    await request_renders(services, "talk-1", actor="a")
    assert await judged(1, 2, 3) == ["shedding"]
    for session in ("talk-1", "nobody-knows-it"):
        with pytest.raises(Shedding) as caught:
            await request_renders(services, session, ["full_16_9"], actor="a")
    assert caught.value.details["retry_after_s"] == 300
    await lock({**wire, "version": 4})
    (taken,) = await request_renders(services, "talk-1", ["thumbnail"], actor="a", critical=True)
    async with services.database.connection() as conn:
        row = await executions.get(conn, taken.job.render_job_id)
    assert (row.priority, row.pausable) == (0, False)  # first in the queue, and never held
    assert json.dumps(job_out(await get_job(services, taken.job.render_job_id)).waiting_reason) == "null"


async def test_a_pause_holds_all_but_the_programme_and_says_so(services, lock, wire, judged):
    await lock(wire)
    asked = await request_renders(services, "talk-1", actor="a")
    assert await judged(1, 2, 100) == ["degraded"]
    told = {each.job.format: job_out(each).waiting_reason for each in await list_jobs(services, "talk-1")}
    assert told == {"full_16_9": None, "short_9_16": HELD, "clip_1_1": HELD, "thumbnail": HELD}
    for each in asked:
        changes = follow(services.database, each.job.render_job_id)
        view = shown(each.job.render_job_id, (await anext(changes))[1])
        await changes.aclose()
        held = each.job.format != "full_16_9"
        assert (view["status"], view["waitingReason"]) == ("queued", HELD if held else None)
        assert view["message"] == (HELD if held else "waiting for a worker")
