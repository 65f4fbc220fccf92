"""Render creation, key sessionId + format + edlVersion: again, 20 at once or after a crash, one job with one object."""

import asyncio
import hashlib
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from ruach_studio.render.presets import FORMATS
from ruach_studio.render.usecases.request_renders import request_renders

CHILD = Path(__file__).with_name("killed_request.py")
ONE_OF_EACH = {"jobs": 4, "executions": 4, "moves": 4}


async def effects(services) -> dict[str, int]:
    """What one request leaves: jobs, executions, first transitions."""
    counted = {
        "jobs": "SELECT count(*) FROM render.render_job",
        "executions": "SELECT count(*) FROM platform.execution WHERE queue = 'render-jobs'",
        "moves": "SELECT count(*) FROM platform.transition_audit WHERE entity = 'render-job' AND to_state = 'queued'",
    }
    async with services.database.connection() as conn:
        return {name: await conn.scalar(text(query)) for name, query in counted.items()}


def ids(batch) -> list[str]:
    return [each.job.render_job_id for each in batch]


async def test_twice_in_sequence_and_20_at_once_one_job_per_format(services, lock, wire):
    await lock(wire)
    at_once = await asyncio.gather(*(request_renders(services, "talk-1", actor="session:op") for _ in range(20)))
    again = await request_renders(services, "talk-1", actor="session:other")
    assert {tuple(ids(batch)) for batch in (*at_once, again)} == {tuple(ids(at_once[0]))}
    assert sum(each.created for batch in (*at_once, again) for each in batch) == len(FORMATS)
    assert await effects(services) == ONE_OF_EACH
    assert (await services.queue.counts("render-jobs")).depth == 4


@pytest.mark.parametrize(("moment", "created"), [("before", 4), ("after", 0)])
@pytest.mark.slow
async def test_after_a_crash_on_either_side_of_the_commit_one_job_per_format(services, lock, wire, moment, created):
    await lock(wire)
    child = await asyncio.create_subprocess_exec(
        sys.executable, CHILD, services.database.dsn, services.settings.data_dir, "talk-1", moment
    )
    assert await child.wait() == -signal.SIGKILL
    found = await asyncio.gather(*(request_renders(services, "talk-1", actor="session:op") for _ in range(3)))
    assert sum(each.created for batch in found for each in batch) == created
    assert len({tuple(ids(batch)) for batch in found}) == 1
    assert await effects(services) == ONE_OF_EACH
    assert (await services.queue.counts("render-jobs")).depth == 4


async def test_an_upload_that_is_done_again_leaves_one_object_under_its_key(services, lock, wire, work, small):
    """The step's row is what a crash between upload and commit loses; the job then puts the same bytes to the same key."""
    await lock(wire)
    await request_renders(services, "talk-1", ["thumbnail"], actor="session:op")
    tried = []
    put = services.store.put_file

    async def put_and_lose_the_answer(key, path, **told):
        stored = await put(key, path, **told)
        tried.append((key, hashlib.sha256(path.read_bytes()).hexdigest()))
        if len(tried) == 1:
            raise ConnectionError("the answer was lost")
        return stored

    services.store.put_file = put_and_lose_the_answer
    state = "SELECT state FROM render.render_job WHERE session_id = 'talk-1' ORDER BY created_at DESC LIMIT 1"
    async with work(), asyncio.timeout(60):
        while True:
            async with services.database.connection() as conn:
                if await conn.scalar(text(state)) == "completed":
                    break
            await asyncio.sleep(0.05)
    async with services.database.connection() as conn:
        (kept,) = (await conn.execute(text("SELECT render_job_id, key, sha256 FROM render.artifact"))).all()
    assert kept.key == f"renders/talk-1/thumbnail/{kept.render_job_id}.jpg"
    assert kept.sha256 == hashlib.sha256((services.store.root / "objects" / kept.key).read_bytes()).hexdigest()
    (lost, sha256), (retried, again), *_ = tried
    assert (retried, again) == (kept.key, sha256), "the retry is a job of its own, with the same bytes under its own key"
    assert await services.store.stat(lost) is None, "what nobody tells of is withdrawn"
