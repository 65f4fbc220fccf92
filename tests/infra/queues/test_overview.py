"""An operator sees the jobs of one automation, and how long the oldest has waited."""

import asyncio

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import list_executions, oldest_waiting_s


async def test_the_jobs_of_an_automation_are_listed_newest_first(add, database, request_ids):
    mine = [await add(f"step{n}") for n in range(3)]
    with bind(automation_id=new_id()):
        await add()
    async with database.connection() as conn:
        found = await list_executions(conn, automation_id=request_ids.automation_id)
        assert len(await list_executions(conn, queue="render-jobs", state="queued")) == 4
        assert await list_executions(conn, state="running") == []
    assert [each["id"] for each in found] == mine[::-1]


async def test_the_oldest_due_job_tells_its_age(add, database, request_ids):
    await add(delay_s=60)
    async with database.connection() as conn:
        assert await oldest_waiting_s(conn, "render-jobs") == 0
    await add()
    await asyncio.sleep(0.05)
    async with database.connection() as conn:
        assert 0.05 <= await oldest_waiting_s(conn, "render-jobs") < 30
