"""render.cancelAll goes on to the last job, whatever ends meanwhile."""

import asyncio

from ruach_studio.render.usecases.cancel_job import cancel_automation
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders


async def test_two_who_cancel_all_at_once_cancel_each_job_once(small, services, lock, wire):
    await lock(wire)
    asked = await request_renders(services, "talk-1", actor="session:op")
    automation_id = asked[0].job.automation_id
    both = await asyncio.gather(
        *(cancel_automation(services, automation_id, actor=f"session:{who}", reason="gone wrong") for who in ("ann", "ben"))
    )
    done = [job.render_job_id for jobs in both for job in jobs]
    assert sorted(done) == sorted(each.job.render_job_id for each in asked)
    assert {shown.job.state for shown in await list_jobs(services, "talk-1")} == {"cancelled"}
    assert await cancel_automation(services, automation_id, actor="session:ann", reason="again") == []
