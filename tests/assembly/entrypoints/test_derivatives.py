"""Proxies, peaks and thumbnails as a service: asked for once, made by jobs, read with ranges, never half there."""

import asyncio
import os
import signal
import sys

import pytest

from ruach_studio.infra.context import bind, new_id

VICTIM = """
import asyncio, sys
from dataclasses import make_dataclass
from pathlib import Path
from ruach_studio.assembly.entrypoints import jobs_media
from ruach_studio.assembly.usecases import derive_files
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres, Worker
from ruach_studio.infra.settings import load_settings

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
        worker = Worker(database, services.queue, jobs_media.handlers(services), hooks=jobs_media.hooks(services))
        await worker.run(asyncio.Event())

asyncio.run(main())
"""


@pytest.fixture
async def session(client, footage):
    await client.post("/sessions", json={"sessionId": "talk"})
    for name in "AB":
        await client.post("/sessions/talk/assets", json={"cameraId": name, "paths": [f"{name}.mp4"]})
    return "/sessions/talk/derivatives"


async def settled(client, path, deadline_s=60.0):
    """Return the list once nothing waits or runs."""
    async with asyncio.timeout(deadline_s):
        while True:
            listed = (await client.get(path)).json()
            if not {each["state"] for each in listed} & {"queued", "running"}:
                return listed
            await asyncio.sleep(0.05)


async def test_asked_for_once_made_once_and_read_with_ranges(client, session, working, services):
    assert {each["state"] for each in (await client.get(session)).json()} == {"absent"}
    asked = await client.post(session, json={"cameraId": "A"})
    assert asked.status_code == 202
    assert [(each["kind"], each["state"]) for each in asked.json()] == [
        ("proxy", "queued"), ("peaks", "queued"), ("thumbnails", "queued"),
    ]  # fmt: skip
    again = await client.post(session, json={"cameraId": "A"})
    assert [each["jobId"] for each in again.json()] == [each["jobId"] for each in asked.json()]
    async with working():
        made = {each["kind"]: each for each in await settled(client, session) if each["cameraId"] == "A"}
    assert {each["state"] for each in made.values()} == {"ready"}
    jobs = (await client.get("/sessions/talk/jobs")).json()
    assert [(job["name"], job["state"], job["progress"]["progress"]) for job in jobs] == [("derive", "completed", 1.0)] * 3
    assert [each["state"] for each in (await client.post(session, json={"cameraId": "A"})).json()] == ["ready"] * 3

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


async def test_bad_wishes_are_refused(client, session):
    assert (await client.post(session, json={"cameraId": "Z"})).json()["code"] == "camera_not_found"
    assert (await client.post(session, json={"kinds": ["mezzanine"]})).status_code == 422
    assert (await client.get("/sessions/none/derivatives")).status_code == 404


async def test_a_cancelled_job_closes_its_row_and_the_next_wish_is_taken(client, session, working, services):
    asked = (await client.post(session, json={"cameraId": "A", "kinds": ["peaks"]})).json()[0]
    with bind(correlation_id=new_id()):
        await services.queue.remove("media-transcoding", asked["jobId"])
    async with working():
        listed = await settled(client, session)
        assert [each["state"] for each in listed if each["jobId"]] == ["cancelled"]
        again = (await client.post(session, json={"cameraId": "A", "kinds": ["peaks"]})).json()[0]
        assert again["jobId"] != asked["jobId"]
        assert [each["state"] for each in await settled(client, session) if each["jobId"]] == ["ready"]


@pytest.mark.slow
async def test_after_kill_9_it_is_made_by_another_and_nothing_half_made_stays(
    client, session, working, services, database_url, footage
):
    asked = (await client.post(session, json={"cameraId": "B", "kinds": ["peaks"]})).json()[0]
    data_dir = services.settings.data_dir
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VICTIM, database_url, str(data_dir), str(footage.folder), stdout=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(victim.stdout.readline(), 30) == b"half\n"
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    assert list((data_dir / "derivatives").rglob("*.part"))
    async with working():
        made = [each for each in await settled(client, session) if each["jobId"]]
    assert [(each["jobId"], each["state"]) for each in made] == [(asked["jobId"], "ready")]
    files = [path.name for path in (data_dir / "derivatives").rglob("*") if path.is_file()]
    assert files == ["peaks.bin"]


async def test_a_source_that_is_gone_is_missing_and_a_failed_one_says_why(client, session, working, services, footage):
    asked = (await client.post(session, json={"cameraId": "A", "kinds": ["thumbnails"]})).json()[0]
    path, aside = footage.folder / "A.mp4", footage.folder / "A.aside"
    path.rename(aside)
    try:
        assert {each["state"] for each in (await client.get(session)).json() if each["cameraId"] == "A"} == {"missing"}
        async with working():
            async with asyncio.timeout(30):
                while (await client.get(f"/sessions/talk/jobs/{asked['jobId']}")).json()["state"] != "dead-letter":  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
    finally:
        aside.rename(path)
    failed = [each for each in (await client.get(session)).json() if each["jobId"]]
    assert [each["state"] for each in failed] == ["failed"]
    assert "A.mp4" in failed[0]["error"]["message"]
