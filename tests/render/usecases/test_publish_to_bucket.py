"""From a queued job to bytes in a bucket and back: a real S3 server, a line that breaks, a real worker."""

import asyncio
import hashlib
import time
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ruach_studio.infra.http.access import public
from ruach_studio.infra.storage.routes import signed_router
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.cancel_job import cancel_job
from ruach_studio.render.usecases.choose_thumbnail import read_offer
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.resume_session import resume_session
from ruach_studio.testing.bucket import Bucket
from ruach_studio.testing.faulty_proxy import Fault, faulty_proxy

pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture
def bucket(s3, tmp_path):
    return Bucket(s3, tmp_path)


@pytest.fixture
def line(s3):
    with faulty_proxy(s3.port) as proxy:
        yield proxy


@pytest.fixture
def services(services, bucket, line):
    """Render's services with a bucket behind the line instead of the disk; one attempt at a request."""
    return replace(services, store=bucket.store(endpoint=line.endpoint, attempts=1))


class Counting(FfmpegRunner):
    """Counts how often it draws."""

    calls = 0

    async def render(self, *given):
        self.calls += 1
        return await super().render(*given)


@pytest.fixture
def until(services):
    async def polling(holds, deadline_s=120.0):
        deadline = time.monotonic() + deadline_s
        while not (found := await list_jobs(services, "talk-1")) or not holds([shown.job.state for shown in found]):
            assert time.monotonic() < deadline, [(shown.job.format, shown.job.state, shown.job.error) for shown in found]
            await asyncio.sleep(0.05)
        return [shown.job for shown in found]

    return polling


async def announced(services, kind="render.completed"):
    async with services.database.connection() as conn:
        rows = await conn.execute(text("select payload from platform.outbox where event_type = :kind"), {"kind": kind})
        return [row.payload for row in rows]


async def dead_letter(services):
    async with services.database.connection() as conn:
        return (await conn.execute(text("select error, triage from platform.dead_letter"))).one()


async def test_what_is_announced_can_be_fetched_and_has_the_checksum(small, services, lock, wire, work, until, bucket):
    await lock(wire)
    await request_renders(services, "talk-1", ["clip_1_1", "thumbnail"], actor="session:op")
    async with work():
        jobs = await until(lambda states: set(states) == {"completed"})
    events = await announced(services)
    assert len(events) == 2
    app = FastAPI()
    app.router.routes.extend(signed_router(services.store, guard=public()).planned)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio.test") as service:
        for event in events:
            led = await service.get(urlsplit(event["url"]).path)
            async with httpx.AsyncClient() as world:
                answer = await world.get(led.headers["location"])
            assert hashlib.sha256(answer.content).hexdigest() == event["sha256"]
            assert len(answer.content) == event["sizeBytes"]
            assert answer.headers["content-type"] == event["contentType"]
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    (still,) = [job.render_job_id for job in jobs if job.format == "thumbnail"]
    offered = [row.key for row in (await read_offer(services, still)).pictures]
    assert offered == [f"renders/talk-1/thumbnail/{still}{tail}.jpg" for tail in ("", "-2")]
    (clip,) = [job.render_job_id for job in jobs if job.format == "clip_1_1"]
    assert sorted(bucket.objects()) == sorted([f"renders/talk-1/clip_1_1/{clip}.mp4", *offered])
    assert (bucket.open_uploads(), bucket.notes()) == ([], 0)


@pytest.mark.slow
async def test_an_outage_is_sat_out_without_drawing_again(small, services, lock, wire, work, until, bucket, line):
    line.faults.append(Fault("answer", "PUT", times=2, status=503, code="SlowDown"))
    await lock(wire)
    await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    async with work(runner := Counting()):
        jobs = await until(lambda states: "completed" in states)
    assert sorted(job.state for job in jobs) == ["completed", "failed", "failed"]
    assert {job.error["code"] for job in jobs if job.state == "failed"} == {"store_unavailable"}
    assert runner.calls == 1
    assert len(bucket.objects()) == len(await announced(services)) == 1


@pytest.mark.slow
async def test_an_outage_that_stays_is_the_playbook_s_second_cause(small, services, lock, wire, work, until, bucket, line):
    line.faults.append(Fault("answer", "PUT", times=99, status=500))
    await lock(wire)
    await request_renders(services, "talk-1", ["thumbnail"], actor="session:op")
    async with work():
        await until(lambda states: "dead-letter" in states)
    letter = await dead_letter(services)
    assert (letter.triage["cause"], letter.triage["safeToRequeue"]) == (2, "yes")
    assert letter.error["details"]["httpStatus"] == 500
    assert (bucket.objects(), await announced(services)) == ({}, [])


async def test_refused_keys_go_to_the_dead_letters_at_once_and_the_upload_is_resumed(
    small, services, lock, wire, work, until, bucket, line
):
    line.faults.append(Fault("answer", "PUT", times=99, status=403, code="AccessDenied"))
    await lock(wire)
    await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    async with work(runner := Counting()):
        assert len(await until(lambda states: "dead-letter" in states)) == 1, "no ladder: it would not help"
    letter = await dead_letter(services)
    assert (letter.triage["cause"], letter.triage["safeToRequeue"]) == (2, "after-repair")
    assert letter.error["details"] | {"httpStatus": 403, "storeCode": "AccessDenied"} == letter.error["details"]
    line.faults.clear()
    await resume_session(services, "talk-1", "upload", actor="session:op", reason="the policy was corrected")
    async with work(runner):
        await until(lambda states: "completed" in states)
    assert runner.calls == 1
    (event,) = await announced(services)
    assert list(bucket.objects().values()) == [event["sha256"]]


@pytest.mark.slow
async def test_cancelling_in_the_middle_of_an_upload_leaves_nothing(small, services, lock, wire, work, until, bucket, line):
    line.faults.append(Fault("slow", "PUT", times=99, bytes_per_s=100_000))
    await lock(wire)
    (asked,) = await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    async with work():
        await asyncio.to_thread(line.await_request, "PUT", 60.0)
        await cancel_job(services, asked.job.render_job_id, actor="session:op", reason="gone wrong")
        await asyncio.to_thread(line.await_request, "DELETE", 60.0)
    assert (bucket.objects(), bucket.open_uploads(), await announced(services)) == ({}, [], [])
