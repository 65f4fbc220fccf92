"""kill -9 at random moments over render-all: four artifacts each time, each once, checksums right, nothing left behind.

RUACH_CHAIN_KILLS says how many kills per store; `make test-all` takes a hundred. The seed is fixed.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from ruach_studio.render.presets import FORMATS
from ruach_studio.render.store import candidates
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.testing.bucket import Bucket

pytestmark = [pytest.mark.xdist_group("s3"), pytest.mark.slow, pytest.mark.timeout(1800)]
KILLS = int(os.environ.get("RUACH_CHAIN_KILLS", "6"))
MOST_PER_BATCH = 5  # a batch is one render-all; four jobs, each of which a crash may meet in any step


class Workers:
    """One worker process at a time over one database and one store."""

    def __init__(self, told):
        self.folder = Path(told["folder"])
        self.parent = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("render_child.py"), json.dumps(told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, **more):
        """Start a worker, wait for its end, and return its exit status."""
        self.parent.stdin.write(json.dumps(more) + "\n")
        self.parent.stdin.flush()
        return json.loads(self.parent.stdout.readline())

    def close(self):
        self.parent.stdin.close()
        self.parent.wait(timeout=30)
        self.parent.stdout.close()


@pytest.fixture(params=["disk", "s3"])
def bucket(request, tmp_path):
    return Bucket(request.getfixturevalue("s3"), tmp_path) if request.param == "s3" else None


@pytest.fixture
def services(services, bucket):
    return services if bucket is None else replace(services, store=bucket.store())


@pytest.fixture
def workers(services, database_url, bucket, tmp_path):
    told = {"database": database_url, "folder": str(tmp_path)}
    if bucket is not None:
        told["s3"] = {"port": bucket.server.port, "prefix": bucket.prefix}
    made = Workers(told)
    yield made
    made.close()


def objects_of(bucket, tmp_path, session_id):
    """Return the SHA-256 of each object of a session, by key, as it lies in the store."""
    if bucket is not None:
        return {key: digest for key, digest in bucket.objects().items() if f"/{session_id}/" in key}
    root = tmp_path / "store" / "objects"
    found = (root / "renders" / session_id).rglob("*")
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in found if p.is_file()}


async def announced(services, session_id):
    query = text("select payload from platform.outbox where event_type = 'render.completed' and payload->>'sessionId' = :s")
    async with services.database.connection() as conn:
        return [row.payload for row in await conn.execute(query, {"s": session_id})]


async def test_four_artifacts_each_once_however_often_the_worker_dies(
    small, services, lock, wire, workers, bucket, tmp_path
):
    dice, killed, batch = random.Random(20261126), 0, 0
    while killed < KILLS:
        batch += 1
        session_id = f"talk-{batch}"
        await lock(wire | {"sessionId": session_id})
        await request_renders(services, session_id, actor="session:op")
        for _ in range(min(dice.randint(2, MOST_PER_BATCH), KILLS - killed)):
            status = await asyncio.to_thread(workers.run, killAfterS=dice.uniform(0.3, 3.0))
            assert status == -signal.SIGKILL, "the worker ended by itself"
            killed += 1
        await finished(services, session_id, workers)
        artifacts = {s.job.format: s.artifact for s in await list_jobs(services, session_id) if s.artifact}
        assert sorted(artifacts) == sorted(FORMATS)
        events = {event["format"]: event for event in await announced(services, session_id)}
        assert len(await announced(services, session_id)) == len(events) == 4, "each is announced once"
        assert {name: event["sha256"] for name, event in events.items()} == {n: a.sha256 for n, a in artifacts.items()}
        stored = objects_of(bucket, tmp_path, session_id)
        expected = {artifact.key: artifact.sha256 for artifact in artifacts.values()}
        async with services.database.connection() as conn:
            offered = await candidates.of_job(conn, artifacts["thumbnail"].render_job_id)
        expected |= {each.key: stored.get(each.key, "missing") for each in offered}
        assert stored == expected, "nothing more, nothing less"
        assert "missing" not in expected.values()
    left = [path for path in (tmp_path / "data" / "render-work").rglob("*") if path.is_file()]
    assert left == []
    if bucket is not None:
        assert (bucket.open_uploads(), bucket.notes()) == ([], 0)
    print(f"{killed} kills over {batch} render-alls: {4 * batch} artifacts, each once")


async def finished(services, session_id, workers):
    """Let a worker live until every format of the session is published."""
    stop = workers.folder / "stop"
    stop.unlink(missing_ok=True)
    running = asyncio.create_task(asyncio.to_thread(workers.run))
    deadline = time.monotonic() + 120
    try:
        while True:
            found = await list_jobs(services, session_id)
            if {shown.job.format for shown in found if shown.artifact} == set(FORMATS):
                return
            dead = [(s.job.format, s.job.error) for s in found if s.job.state == "dead-letter"]
            assert not dead, dead
            assert time.monotonic() < deadline, [(s.job.format, s.job.state, s.job.error) for s in found]
            await asyncio.sleep(0.1)
    finally:
        stop.touch()
        status = await running
        stop.unlink()
        assert status == 0
