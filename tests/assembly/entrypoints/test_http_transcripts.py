"""The routes of a transcript: upload, show, correct, and the job that transcribes."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from ruach_studio.assembly.entrypoints import jobs_transcripts
from ruach_studio.assembly.ports import TranscriberMissing
from ruach_studio.assembly.transcript import Segment
from ruach_studio.infra.queues import Worker, follow

SRT = "1\r\n00:00:02,000 --> 00:00:04,000\r\nPeace be with you.\r\n\r\n2\r\n00:00:05,000 --> 00:00:06,000\r\nAmen\r\n"
URL = "/sessions/talk/transcript"


class Slow:
    """Says a word per block, or never ends."""

    def __init__(self, *, missing=False, endless=False):
        self.missing, self.endless, self.at_work = missing, endless, asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def prepare(self):
        if self.missing:
            raise TranscriberMissing("not installed", subject="transcriber", remedy="Install it.")
        return {"engine": "slow"}

    def hear(self, samples, language):
        yield "en"
        self.loop.call_soon_threadsafe(self.at_work.set)
        while self.endless:
            yield Segment(0, 500, "on and on")
        yield Segment(100, 900, "Amen.")


@pytest.fixture
async def talk(client, footage):
    await client.post("/sessions", json={"sessionId": "talk"})
    for name in "AB":
        await client.post("/sessions/talk/assets", json={"cameraId": name, "paths": [footage.path(name)]})


@pytest.fixture
def at_work(services):
    """`async with at_work(transcriber):` runs a worker that transcribes with it."""

    @asynccontextmanager
    async def serving(transcriber):
        stop = asyncio.Event()
        handlers = jobs_transcripts.handlers(services, transcriber)
        worker = Worker(services.database, services.queue, handlers, hooks=jobs_transcripts.hooks())
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    return serving


async def test_a_file_is_uploaded_shown_written_and_corrected(client, talk):
    assert (await client.get(URL)).json()["code"] == "transcript_not_found"
    sent = {"baseVersion": 0, "of": "B", "name": "talk.srt", "language": "en"}
    made = await client.post(f"{URL}/import", params=sent, content=b"\xef\xbb\xbf" + SRT.encode())
    assert (made.status_code, made.json()["version"], made.json()["placed"]) == (200, 1, False)
    assert made.json()["segments"][0] == {
        "id": 1, "startMs": 2000.0, "endMs": 4000.0, "text": "Peace be with you.", "speaker": None, "confidence": None,
        "words": [], "of": {"cameraId": "B", "clipIndex": 0},
    }  # fmt: skip
    edits = [{"op": "speaker", "ids": [1, 2], "speaker": "Ann"}, {"op": "text", "id": 2, "text": "Amen!"}]
    corrected = await client.post(f"{URL}/edits", json={"baseVersion": 1, "edits": edits})
    assert [(s["text"], s["speaker"]) for s in corrected.json()["segments"]] == [
        ("Peace be with you.", "Ann"),
        ("Amen!", "Ann"),
    ]
    stale = await client.post(f"{URL}/edits", json={"baseVersion": 1, "edits": edits})
    assert (stale.status_code, stale.json()["code"]) == (409, "transcript_conflict")
    wrong = await client.post(f"{URL}/edits", json={"baseVersion": 2, "edits": [{"op": "delete", "id": 9}]})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["subject"]) == (422, "bad_transcript", "edit 1 (delete)")
    written = {"baseVersion": 2, "segments": [{"startMs": 0, "endMs": 900, "text": "Peace", "speaker": "Ann"}]}
    assert (await client.put(URL, json=written)).json()["version"] == 3
    assert (await client.get(URL)).json()["segments"][0]["speaker"] == "Ann"
    assert (await client.get(URL, params={"version": 1})).json()["sha256"] == made.json()["sha256"]


async def test_a_broken_file_is_refused_by_cue_and_line(client, talk):
    broken = SRT.replace("00:00:06,000", "00:00:05,000")
    said = await client.post(f"{URL}/import", params={"baseVersion": 0, "name": "talk.srt"}, content=broken)
    assert (said.status_code, said.json()["code"]) == (422, "bad_transcript")
    assert said.json()["details"] == {"faults": ["cue 2, line 6: it ends as it starts"], "count": 1}
    assert (await client.post(f"{URL}/import", params={"baseVersion": 0}, content=b"")).status_code == 422
    huge = await client.post(f"{URL}/import", params={"baseVersion": 0}, content=b"x" * 9_000_000)
    assert huge.status_code == 413
    assert (await client.get(URL)).status_code == 404


async def ended(client, services, job):
    async for _ in follow(services.database, job):
        pass
    return (await client.get(f"/sessions/talk/jobs/{job}")).json()


async def test_a_job_transcribes_and_can_be_cancelled(client, services, talk, at_work):
    early = await client.post(f"{URL}/transcribe", json={})
    assert (early.status_code, early.json()["remedy"]) == (422, "Name one, or sync the session first.")
    asked = await client.post(f"{URL}/transcribe", json={"cameraId": "B"})
    assert asked.status_code == 202
    async with at_work(Slow()):
        shown = await ended(client, services, asked.json()["jobId"])
    assert (shown["state"], shown["result"]["transcriptVersion"]) == ("completed", 1)
    assert (await client.get(URL)).json()["details"]["engine"] == "slow"
    slow = Slow(endless=True)
    job = (await client.post(f"{URL}/transcribe", json={"cameraId": "B"})).json()["jobId"]
    async with at_work(slow):
        await slow.at_work.wait()
        await client.post(f"/sessions/talk/jobs/{job}/cancel", json={"reason": "wrong recording"})
        assert (await ended(client, services, job))["state"] == "cancelled"
    assert (await client.get(URL)).json()["version"] == 1


async def test_without_a_transcriber_the_job_says_what_to_install(client, services, talk, at_work):
    job = (await client.post(f"{URL}/transcribe", json={"cameraId": "B"})).json()["jobId"]
    async with at_work(Slow(missing=True)):
        shown = await ended(client, services, job)
    assert (shown["state"], shown["error"]["code"]) == ("failed", "transcriber_missing")
    assert "Install it" in shown["error"]["message"]
