"""Proxies, peaks and thumbnails as a service: asked for once, made by jobs, read with ranges, never half there."""

import asyncio
import os
import signal
import sys

import pytest

VICTIM = """
import asyncio, sys
from dataclasses import make_dataclass
from pathlib import Path
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres, Worker
from ruach_studio.infra.settings import load_settings
from ruach_studio.render.entrypoints import jobs_media
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases import derive_files

async def half(info, aside, tell):
    (aside / "peaks.0.part").write_bytes(b"half")
    print("half", flush=True)
    await asyncio.Event().wait()

async def main():
    derive_files._MAKERS["peaks"] = half
    async with Database(sys.argv[1]) as database:
        services = make_dataclass("S", ["settings", "database", "queue", "clock"])(
            load_settings(data_dir=Path(sys.argv[2]), media_roots=[Path(sys.argv[3])]), database,
            BullmqPostgres(database), SystemClock())
        worker = Worker(database, services.queue, jobs_media.handlers(services, FfmpegRunner()), hooks=jobs_media.hooks())
        await worker.run(asyncio.Event())

asyncio.run(main())
"""


async def test_asked_for_once_made_once_and_read_with_ranges(derivatives, at_work):
    client = derivatives.client
    assert {each["state"] for each in (await client.get(derivatives.path)).json()} == {"absent"}
    asked = await client.post(derivatives.path, json={"cameraId": "A"})
    assert asked.status_code == 202
    assert [(each["kind"], each["state"], each["dispatch"]) for each in asked.json()] == [
        ("proxy", "queued", "queued"), ("peaks", "queued", "queued"), ("thumbnails", "queued", "queued"),
    ]  # fmt: skip
    ids = [each["jobId"] for each in asked.json()]
    assert [each["jobId"] for each in await derivatives.ask(cameraId="A")] == ids
    assert sorted(await derivatives.jobs()) == sorted((each, "queued") for each in ids), "render has not heard of them"
    async with at_work("assembly", "render"):
        made = {each["kind"]: each for each in await derivatives.settled()}
    assert {each["state"] for each in made.values()} == {"ready"}
    jobs = (await client.get("/sessions/talk/jobs")).json()
    assert sorted((job["jobId"], job["name"], job["state"], job["progress"]["progress"]) for job in jobs) == sorted(
        (each, "derive", "completed", 1.0) for each in ids
    )
    assert len({job["automationId"] for job in jobs}) == 1
    assert [each["state"] for each in await derivatives.ask(cameraId="A")] == ["ready"] * 3

    url = made["proxy"]["urls"]["proxy.mp4"]
    whole = await client.get(url)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = await client.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert "private" in part.headers["cache-control"]
    assert (await client.get(url, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    assert (await client.head(url)).headers["content-length"] == str(len(whole.content))
    assert (await client.get(made["thumbnails"]["urls"]["sheet-000.jpg"])).content[:2] == b"\xff\xd8"
    assert (await client.get(made["peaks"]["urls"]["peaks.bin"])).content[:4] == b"RPK1"
    for wrong in ("peaks.0.part", "%2e%2e%2fproxy.mp4"):
        assert (await client.get(f"{url.rsplit('/', 1)[0]}/{wrong}")).status_code == 404
    other = await client.post("/sessions", json={"sessionId": "other"})
    assert other.status_code == 201
    assert (await client.get(url.replace("/talk/", "/other/"))).status_code == 404  # a session shows its own footage only


async def test_bad_wishes_are_refused(derivatives):
    client, path = derivatives.client, derivatives.path
    assert (await client.post(path, json={"cameraId": "Z"})).json()["code"] == "camera_not_found"
    assert (await client.post(path, json={"kinds": ["mezzanine"]})).status_code == 422
    assert (await client.get("/sessions/none/derivatives")).status_code == 404


async def test_a_source_that_is_gone_is_missing_and_a_failed_one_says_why(derivatives, at_work, tmp_path):
    (asked,) = await derivatives.ask(cameraId="A", kinds=["thumbnails"])
    path, aside = tmp_path / "A.mp4", tmp_path / "A.aside"
    path.rename(aside)
    try:
        every = (await derivatives.client.get(derivatives.path)).json()
        assert {each["state"] for each in every if each["cameraId"] == "A"} == {"missing"}
        async with at_work("assembly", "render"):
            await derivatives.run(asked["jobId"], "dead-letter")
    finally:
        aside.rename(path)
    await derivatives.relay()
    (failed,) = await derivatives.listed()
    assert failed["state"] == "failed"
    assert "A.mp4" in failed["error"]["message"]
    assert "traceback" not in failed["error"]


@pytest.mark.slow
async def test_after_kill_9_it_is_made_by_another_and_nothing_half_made_stays(
    derivatives, at_work, services, database_url, tmp_path
):
    asked = await derivatives.ask_for_peaks()
    await derivatives.relay()
    arguments = database_url, str(services.settings.data_dir), str(tmp_path)
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, *arguments, stdout=asyncio.subprocess.PIPE)
    assert await asyncio.wait_for(victim.stdout.readline(), 30) == b"half\n"
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    assert derivatives.files() == ["peaks.0.part"]
    async with at_work("assembly", "render"):
        made = await derivatives.settled()
    assert [(each["jobId"], each["state"]) for each in made] == [(asked["jobId"], "ready")]
    assert derivatives.files() == ["peaks.bin"]
