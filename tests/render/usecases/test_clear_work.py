"""What a killed worker left of a job that is over goes; what a retry will go on with stays, whatever the clock said."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.infra.context import new_id
from ruach_studio.render.store import jobs
from ruach_studio.render.store.jobs import NewJob
from ruach_studio.render.usecases.clear_work import clear_work
from ruach_studio.render.usecases.resume_session import resume_session
from ruach_studio.render.usecases.services import mezzanine_folder, work_folder

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
PATHS = {
    "queued": [], "processing": ["processing"], "cancelled": ["cancelled"], "completed": ["processing", "completed"],
    "dead-letter": ["processing", "failed", "dead-letter"],
}  # fmt: skip


@pytest.fixture
def left(services, lock, wire):
    """Make a chain of jobs that ended (or stand) in `states`, and a folder with a file of it; return the folder."""

    async def made(*states, hours_between=1.0, name="clip_1_1", of=None):
        automation_id, before, session_id = of or new_id(), None, new_id()
        await lock({**wire, "sessionId": session_id})
        async with services.database.transaction() as tx:
            for number, state in enumerate(states):
                at, job_id = NOON + timedelta(hours=number * hours_between), new_id()
                row = NewJob(job_id, session_id, name, 3, automation_id, False, "session:op", retry_of=before)
                assert await jobs.insert(tx, row, at) is not None
                for target in PATHS[state]:
                    await jobs.move(tx, job_id, target, actor="test", at=at)
                before = job_id
        folder = work_folder(services, automation_id, name)
        folder.mkdir(parents=True)
        (folder / "finished.mp4").write_bytes(b"x")
        return folder

    return made


async def test_only_what_is_over_goes(services, left):
    over = [await left("completed"), await left("cancelled"), await left("dead-letter", "completed")]
    kept = [await left("queued"), await left("processing"), await left("dead-letter"), await left("dead-letter", "queued")]
    strange = services.settings.data_dir / "render-work" / "not-ours" / "clip_1_1"
    strange.mkdir(parents=True)
    assert set(await clear_work(services)) == set(over)
    assert [folder.exists() for folder in over] == [False] * 3
    assert [(folder / "finished.mp4").exists() for folder in kept] == [True] * 4
    assert strange.exists()
    assert await clear_work(services) == []


async def test_mezzanines_go_once_every_format_of_their_automation_is_over(services, left):
    clip = await left("completed")
    automation_id = clip.parent.name
    short = await left("dead-letter", "queued", name="short_9_16", of=automation_id)
    shared = mezzanine_folder(services, automation_id)
    shared.mkdir()
    (shared / "a.part").write_bytes(b"x")
    assert await clear_work(services) == [clip]
    assert (shared / "a.part").exists()
    async with services.database.transaction() as tx:
        last = (await jobs.of_automation(tx, automation_id))[-1]
        await jobs.move(tx, last.render_job_id, "cancelled", actor="test", at=NOON)
    assert set(await clear_work(services)) == {short, shared}
    assert not shared.exists()


async def test_a_retry_made_while_the_clock_was_back_is_the_newer_one(services, left):
    kept = await left("cancelled", "queued", hours_between=-2.0)
    over = await left("dead-letter", "completed", hours_between=-2.0)
    assert await clear_work(services) == [over]
    assert kept.exists()


async def test_an_automation_that_is_empty_for_an_hour_goes(services, left):
    folder = await left("completed")
    await clear_work(services)
    assert folder.parent.exists()
    os.utime(folder.parent, (0, 0))
    await clear_work(services)
    assert not folder.parent.exists()


async def test_what_is_resumed_is_the_last_of_the_chain_whatever_the_clock_said(services, left):
    folder = await left("dead-letter", "dead-letter", hours_between=-2.0)
    async with services.database.connection() as conn:
        last, first = await jobs.of_automation(conn, folder.parent.name)
    assert last.retry_of == first.render_job_id
    (job,) = await resume_session(services, first.session_id, "upload", actor="op", reason="mended", dry_run=True)
    assert job.render_job_id == last.render_job_id
