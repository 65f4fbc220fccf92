"""Files that are none: refused at the door, and as jobs (they changed after they were registered) dead at once and named."""

import asyncio
import shutil

import pytest

from ruach_studio.infra.queues import list_dead_letters
from ruach_studio.testing.bad_inputs import bad_inputs

KINDS = ("empty", "text", "html", "zip", "truncated")


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    return bad_inputs(tmp_path_factory.mktemp("corrupt"))


@pytest.fixture
def place(footage):
    """Put a file among the footage and return its name there; it goes at the end."""
    put = []

    def placed(path, name):
        put.append(footage.folder / name)
        shutil.copyfile(path, put[-1])
        return name

    yield placed
    for path in put:
        path.unlink(missing_ok=True)


async def register(client, **cameras):
    await client.post("/sessions", json={"sessionId": "talk"})
    return [
        await client.post("/sessions/talk/assets", json={"cameraId": name, "paths": [path]})
        for name, path in cameras.items()
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_is_refused_at_the_door(client, bad, place, kind):
    (answer,) = await register(client, B=place(bad[kind], "corrupt.mp4"))
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "bad_media"), told
    assert "corrupt.mp4" in str(told)
    assert (await client.get("/sessions/talk/assets")).json() == []


async def ended(client, job, deadline_s=60.0):
    """Return the session's job when it has ended."""
    async with asyncio.timeout(deadline_s):
        while True:
            told = (await client.get(f"/sessions/talk/jobs/{job}")).json()
            if told["state"] not in ("queued", "running"):
                return told
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", KINDS)
async def test_as_a_job_it_dies_at_once_and_the_session_comes_back(client, bad, place, footage, working, services, kind):
    name = place(footage.folder / "B.mp4", "later.mp4")
    answers = await register(client, A="A.mp4", B=name)
    assert [each.status_code for each in answers] == [201, 201]
    place(bad[kind], name)
    job = (await client.post("/sessions/talk/sync")).json()["jobId"]
    async with working():
        assert (await ended(client, job))["state"] == "dead-letter"
    assert (await client.get("/sessions/talk")).json()["state"] == "ingesting"
    async with services.database.connection() as conn:
        (letter,) = await list_dead_letters(conn)
    assert letter["error"]["code"] == "bad_media"
    assert "later.mp4" in letter["error"]["message"]
    assert (letter["triage"]["cause"], len(letter["attempts"])) == (1, 1)


async def test_a_camera_without_sound_waits_for_a_person_and_says_why(client, bad, place, working):
    answers = await register(client, A="A.mp4", B=place(bad["no_audio"], "silent.mp4"))
    assert [each.status_code for each in answers] == [201, 201], "timecode may place it, or a person"
    job = (await client.post("/sessions/talk/sync")).json()["jobId"]
    async with working():
        assert (await ended(client, job))["state"] == "completed"
    assert (await client.get("/sessions/talk")).json()["state"] == "needs-review"
    (placed,) = [each for each in (await client.get("/sessions/talk/sync")).json()["placements"] if each["cameraId"] == "B"]
    assert placed["confidence"] == 0, placed
    assert "sound" in str(placed), placed
