"""A session is never stuck: whatever takes its sync job away, it comes back to where work can go on, and says why."""

import asyncio
import os
import signal
import sys

import pytest
import sqlalchemy as sa

from ruach_studio.assembly.entrypoints import jobs
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import follow, list_dead_letters
from ruach_studio.infra.queues.port import TERMINAL
from ruach_studio.infra.queues.store import bullmq

VICTIM = """
import asyncio, sys
from dataclasses import make_dataclass
from pathlib import Path
from ruach_studio.assembly.entrypoints import jobs
from ruach_studio.assembly.usecases import compute_sync
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres, Worker
from ruach_studio.infra.settings import load_settings

async def hear(*_):
    print("listening", flush=True)
    await asyncio.Event().wait()

async def main():
    compute_sync.hear = hear
    async with Database(sys.argv[1]) as database:
        services = make_dataclass("S", ["settings", "database", "queue", "clock"])(
            load_settings(data_dir=Path(sys.argv[2])), database, BullmqPostgres(database), SystemClock())
        worker = Worker(database, services.queue, jobs.handlers(services), hooks=jobs.hooks(services))
        await worker.run(asyncio.Event())

asyncio.run(main())
"""


@pytest.fixture
async def asked(client, footage):
    """A session of two cameras whose sync job waits; its id is 'talk'."""
    await client.post("/sessions", json={"sessionId": "talk"})
    for name in "AB":
        await client.post("/sessions/talk/assets", json={"cameraId": name, "paths": [f"{name}.mp4"]})
    return (await client.post("/sessions/talk/sync")).json()["jobId"]


async def state_of(client):
    return (await client.get("/sessions/talk")).json()["state"]


async def until(client, state, deadline_s=30.0):
    async with asyncio.timeout(deadline_s):
        while True:
            if await state_of(client) == state:
                return
            await asyncio.sleep(0.05)


async def reason_of(services):
    statement = "SELECT reason FROM platform.transition_audit WHERE from_state = 'syncing'"
    async with services.database.connection() as conn:
        return (await conn.execute(sa.text(statement))).scalar_one()


async def take_away(services, job_id):
    with bind(correlation_id=new_id()):
        async with services.database.transaction() as tx:
            assert await services.queue.cancel(tx, job_id)


async def test_a_waiting_job_that_was_cancelled_frees_its_session_by_itself(client, asked, services, working):
    await take_away(services, asked)
    assert await state_of(client) == "syncing"
    async with working():
        await until(client, "ingesting")
    assert "cancelled or removed" in await reason_of(services)


async def test_without_any_worker_the_next_wish_is_taken(client, asked, services, working):
    await take_away(services, asked)
    again = await client.post("/sessions/talk/sync")
    assert again.status_code == 202
    second = await client.post("/sessions/talk/sync")  # a job waits now: one is enough
    assert (second.status_code, second.json()["code"]) == (409, "session_state")
    assert (await client.post("/sessions/talk/sync", json={"restart": True})).status_code == 202
    async with working():
        await until(client, "needs-review")
    assert (await client.get("/sessions/talk/sync")).json()["version"] == 1


async def test_a_job_that_vanished_from_its_queue_is_made_anew(client, asked, services, working):
    async with services.database.transaction() as tx:
        assert await bullmq.remove_job(tx, "assembly-jobs", asked)
        await tx.execute(sa.text("UPDATE platform.execution SET created_at = created_at - interval '1 minute'"))
    async with working():
        await until(client, "needs-review")


async def test_a_session_is_freed_only_if_no_job_of_its_own_is_open(client, asked, services):
    with bind(correlation_id=new_id()):
        assert await jobs.free_sessions(services, actor="t") == []
        await services.queue.remove("assembly-jobs", asked)
        assert await jobs.free_sessions(services, actor="t") == ["talk"]
        assert await jobs.free_sessions(services, actor="t") == []
    assert await state_of(client) == "ingesting"


@pytest.mark.slow  # that any job does is shown of the queue itself
async def test_after_kill_9_the_sync_goes_on_elsewhere(client, asked, services, working, database_url, tmp_path):
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VICTIM, database_url, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(victim.stdout.readline(), 30) == b"listening\n"
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    assert await state_of(client) == "syncing"
    async with working():
        await until(client, "needs-review")


async def test_a_running_job_that_is_cancelled_stops_at_once(client, asked, services, working, monkeypatch):
    begun = asyncio.Event()

    async def endless(*_):
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("ruach_studio.assembly.usecases.compute_sync.hear", endless)
    async with working():
        await asyncio.wait_for(begun.wait(), 15)
        answer = await client.post(f"/sessions/talk/jobs/{asked}/cancel", json={"reason": "the wrong card"})
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        async with asyncio.timeout(5):  # well below the 10 s after which a worker cuts a handler off
            await until(client, "ingesting")
    assert (await client.post(f"/sessions/talk/jobs/{asked}/cancel")).status_code == 409


async def test_progress_names_every_file_and_ends_with_one(client, asked, services, working, monkeypatch):
    monkeypatch.setattr("ruach_studio.infra.queues.report_progress.INTERVAL_S", 0.01)
    seen = []
    async with working():
        async for _, state in follow(services.database, asked):
            seen.append(state)
    assert seen[-1]["state"] == "completed"
    parts = [state["progress"]["progress"] for state in seen if state["progress"]]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    files = [each for state in seen if state["progress"] for each in state["progress"].get("files", ())]
    assert {each["file"] for each in files} == {"A.mp4", "B.mp4"}
    assert all(0 <= each["progress"] <= 1 for each in files)


async def test_jobs_are_listed_and_followed_over_http(client, asked, services, working):
    listed = (await client.get("/sessions/talk/jobs")).json()
    assert [(job["jobId"], job["name"], job["state"]) for job in listed] == [(asked, "sync", "queued")]
    async with working():
        text = (await client.get(f"/sessions/talk/jobs/{asked}/progress")).text
    assert '"state":"completed"' in text
    assert text.rstrip().endswith('data: {"reason":"complete"}')
    shown = (await client.get(f"/sessions/talk/jobs/{asked}")).json()
    assert (shown["state"], shown["result"]["syncVersion"]) == ("completed", 1)
    assert shown["state"] in TERMINAL
    assert (await client.get(f"/sessions/other/jobs/{asked}")).status_code == 404
    assert (await client.get("/sessions/talk/jobs/nonsense")).status_code == 400


async def test_a_dead_job_carries_the_playbooks_cause(client, asked, services, working):
    async with services.database.transaction() as tx:
        await tx.execute(sa.text("UPDATE assembly.clip SET path = path || '.gone' WHERE camera_id = 'B'"))
    async with working():
        await until(client, "ingesting")
    async with services.database.connection() as conn:
        (letter,) = await list_dead_letters(conn, queue="assembly-jobs")
    assert (letter["triage"]["cause"], letter["triage"]["safeToRequeue"]) == (1, "yes")
    assert "B.mp4.gone" in letter["error"]["message"]
