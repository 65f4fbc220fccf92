"""A queued job through a real worker: steps recorded, resumed, retried, cancelled, buried; nothing announced twice."""

import asyncio
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from ruach_studio.infra.audit import list_decisions, list_transitions, verify_chain
from ruach_studio.infra.storage.port import BadKey
from ruach_studio.kernel.errors import MediaFailure
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.store import steps
from ruach_studio.render.usecases.cancel_job import cancel_automation, cancel_job
from ruach_studio.render.usecases.read_jobs import get_job, list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.resume_session import NothingToResume, resume_session
from ruach_studio.render.usecases.retry_job import retry_job
from ruach_studio.render.usecases.services import work_folder


@pytest.fixture
def until(services):
    """Poll until every job of talk-1 that `pick` selects satisfies `holds`."""

    async def polling(holds, deadline_s=60.0):
        deadline = time.monotonic() + deadline_s
        while True:
            found = await list_jobs(services, "talk-1")
            if holds(found):
                return {shown.job.render_job_id: shown for shown in found}
            assert time.monotonic() < deadline, [(s.job.format, s.job.state, s.job.error) for s in found]
            await asyncio.sleep(0.05)

    return polling


def all_in(*states):
    return lambda found: bool(found) and all(shown.job.state in states for shown in found)


async def events_of(services, kind):
    async with services.database.connection() as conn:
        rows = await conn.execute(text("select payload from platform.outbox where event_type = :kind"), {"kind": kind})
        return [row.payload for row in rows]


async def states_of(services, job_id):
    async with services.database.connection() as conn:
        rows = await list_transitions(conn, entity="render-job", entity_id=job_id)
    return [row["to"] for row in sorted(rows, key=lambda row: row["seq"])]


class Stumbling(FfmpegRunner):
    """Fails the first `times` renders after doing all the work, or waits for ever."""

    def __init__(self, times=0, *, hang=False):
        super().__init__()
        self.times, self.hang, self.calls = times, hang, 0

    async def render(self, plan, workdir, on_progress, cancelled, others):
        self.calls += 1
        if self.hang:
            await cancelled.wait()
        picture = await super().render(plan, workdir, on_progress, cancelled, others)
        if self.calls <= self.times:
            raise MediaFailure("planted", subject="ffmpeg")
        return picture


async def test_render_all_publishes_four_artifacts_and_says_so_once_each(small, services, lock, wire, work, until):
    await lock(wire)
    requested = await request_renders(services, "talk-1", actor="session:op")
    async with work():
        found = await until(all_in("completed"))
    assert len(found) == 4
    for job_id, shown in found.items():
        job, artifact = shown.job, shown.artifact
        extension = "jpg" if job.format == "thumbnail" else "mp4"
        assert artifact.key == f"renders/talk-1/{job.format}/{job_id}.{extension}"
        assert artifact.url == f"http://studio.test/media/{artifact.key}"
        stored = await services.store.stat(artifact.key)
        assert (stored.sha256, stored.size_bytes) == (artifact.sha256, artifact.size_bytes)
        assert "immutable" in stored.cache_control
        assert await states_of(services, job_id) == ["queued", "processing", "completed"]
        if job.format != "thumbnail":
            assert abs(artifact.loudness_lufs + 14) <= 0.5
            assert artifact.true_peak_dbtp <= -1
            assert abs(artifact.duration_ms - 6666.667) < 0.01
    announced = await events_of(services, "render.completed")
    assert sorted(event["renderJobId"] for event in announced) == sorted(found)
    automation_id = requested[0].job.automation_id
    async with services.database.connection() as conn:
        rules = sorted(d["result"]["rulesVersion"] for d in await list_decisions(conn, automation_id=automation_id))
        assert rules == ["framing-v1"] * 2 + ["loudness-v1"] * 3 + ["short-v1", "thumbnail-v2"]
        done = await steps.done(conn, automation_id, "full_16_9")
        assert list(done) == ["preflight", "render", "normalize", "upload"] or set(done) == {
            "preflight", "render", "normalize", "upload",
        }  # fmt: skip
        assert await verify_chain(conn) == []
    again = await request_renders(services, "talk-1", actor="session:op")
    assert not any(each.created for each in again)
    assert not work_folder(services, automation_id, "full_16_9").exists()


async def test_a_failed_upload_is_retried_under_a_new_id_without_drawing_again(
    small, services, lock, wire, work, until, monkeypatch
):
    await lock(wire)
    (first,) = await request_renders(services, "talk-1", ["short_9_16"], actor="session:op")
    put, failures = services.store.put_file, []

    async def stumbling(key, path, **options):
        if not failures:
            failures.append(key)
            raise OSError("planted")
        return await put(key, path, **options)

    monkeypatch.setattr(services.store, "put_file", stumbling)
    runner = Stumbling()
    async with work(runner):
        found = await until(lambda shown: any(s.job.state == "completed" for s in shown))
    assert runner.calls == 1
    old = found.pop(first.job.render_job_id).job
    (new,) = (shown.job for shown in found.values())
    assert (old.state, new.retry_of, new.attempt) == ("failed", old.render_job_id, 2)
    assert new.automation_id == old.automation_id
    assert new.notes == old.notes  # what was worked around holds for the film, whoever publishes it
    assert "no captions: the session has no transcript" in new.notes
    assert new.render_job_id not in failures[0]
    assert len(await events_of(services, "render.completed")) == 1


async def test_a_job_that_always_fails_is_buried_and_an_operator_can_start_it_again(
    small, services, lock, wire, work, until
):
    await lock(wire)
    (first,) = await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    async with work(Stumbling(99)):
        found = await until(lambda shown: any(s.job.state == "dead-letter" for s in shown))
    chain = sorted((shown.job for shown in found.values()), key=lambda job: job.attempt)
    assert [job.state for job in chain] == ["failed", "failed", "dead-letter"]
    assert [job.retry_of for job in chain] == [None, chain[0].render_job_id, chain[1].render_job_id]
    assert await states_of(services, chain[2].render_job_id) == ["queued", "processing", "failed", "dead-letter"]
    (event,) = await events_of(services, "render.failed")
    assert (event["renderJobId"], event["errorCode"]) == (chain[2].render_job_id, "media_failure")
    async with services.database.connection() as conn:
        letter = (await conn.execute(text("select triage from platform.dead_letter"))).one()
    assert (letter.triage["cause"], letter.triage["safeToRequeue"]) == (3, "no")
    new = await retry_job(services, chain[2].render_job_id, actor="session:op", reason="the file was replaced")
    assert (new.automation_id, new.retry_of) == (first.job.automation_id, chain[2].render_job_id)
    async with work():
        found = await until(lambda shown: any(s.job.state == "completed" for s in shown))
    assert found[new.render_job_id].artifact is not None


async def test_bad_input_goes_to_the_dead_letters_at_once(small, services, lock, wire, work, until, tmp_path):
    wire["sources"]["B"]["clips"] = [{**wire["sources"]["B"]["clips"][0], "path": str(tmp_path / "gone.mp4")}]
    await lock(wire)
    await request_renders(services, "talk-1", ["full_16_9"], actor="session:op")
    async with work():
        (shown,) = (await until(all_in("dead-letter"))).values()
    assert shown.job.error["code"] == "bad_media"
    assert "gone.mp4" in shown.job.error["message"]


async def test_cancelling_a_running_render_stops_it_and_cleans_up(small, services, lock, wire, work, until):
    await lock(wire)
    requested = await request_renders(services, "talk-1", ["clip_1_1", "thumbnail"], actor="session:op")
    running, waiting = requested[0].job, requested[1].job
    await cancel_job(services, waiting.render_job_id, actor="session:op", reason="not needed")
    async with work(Stumbling(hang=True)):
        folder = work_folder(services, running.automation_id, "clip_1_1")
        await until(lambda shown: any(s.job.step == "render" for s in shown) and folder.exists())
        stopped = await cancel_automation(services, running.automation_id, actor="session:op", reason="gone wrong")
        assert [job.render_job_id for job in stopped] == [running.render_job_id]
        deadline = time.monotonic() + 20
        while folder.exists():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    assert await states_of(services, running.render_job_id) == ["queued", "processing", "cancelled"]
    assert (await get_job(services, running.render_job_id)).artifact is None
    assert await events_of(services, "render.completed") == []


async def test_a_worker_that_stops_gives_the_job_back_and_the_next_goes_on_under_the_same_id(
    small, services, lock, wire, work, until
):
    await lock(wire)
    (asked,) = await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    async with work(Stumbling(hang=True)):
        await until(lambda shown: any(s.job.step == "render" for s in shown))
    async with work():
        found = await until(all_in("completed"))
    assert list(found) == [asked.job.render_job_id]
    assert await states_of(services, asked.job.render_job_id) == ["queued", "processing", "completed"]
    assert len(await events_of(services, "render.completed")) == 1


@pytest.mark.parametrize(("step", "drawn_again"), [("normalize", 0), ("render", 1)])
async def test_resuming_does_again_from_the_named_step_on(
    small, services, lock, wire, work, until, monkeypatch, step, drawn_again
):
    await lock(wire)
    await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    put = services.store.put_file

    async def refuse(key, path, **options):
        raise BadKey("planted", subject=key)

    monkeypatch.setattr(services.store, "put_file", refuse)
    async with work(first := Stumbling()):
        await until(all_in("dead-letter"))
    assert first.calls == 1
    monkeypatch.setattr(services.store, "put_file", put)
    (new,) = await resume_session(services, "talk-1", step, actor="session:op", reason="the store is back")
    async with work(second := Stumbling()):
        found = await until(lambda shown: any(s.job.state == "completed" for s in shown))
    assert found[new.render_job_id].job.reason == f"resume at {step}: the store is back"
    assert second.calls == drawn_again
    with pytest.raises(NothingToResume):
        await resume_session(services, "talk-1", step, actor="session:op", reason="again")


async def test_what_a_runner_has_to_say_stands_in_the_job_s_notes(small, services, lock, wire, work, until):
    class Telling(FfmpegRunner):
        async def render(self, *given):
            return replace(await super().render(*given), notes=("90 of 200 frames are copied",))

    await lock(wire)
    await request_renders(services, "talk-1", ["full_16_9"], actor="session:op")
    async with work(Telling()):
        (shown,) = (await until(all_in("completed"))).values()
    assert shown.job.notes[-1] == "90 of 200 frames are copied"
