"""Mezzanines by media-transcoding: asked for by the render, made once for all formats, and nobody depends on that queue."""

import asyncio
from collections import Counter
from contextlib import ExitStack, asynccontextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from ruach_studio.infra.media import PathRefused, run
from ruach_studio.infra.queues import Worker, list_dead_letters, list_executions
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.entrypoints import jobs_media
from ruach_studio.render.entrypoints.progress import shown
from ruach_studio.render.plan import plan_render
from ruach_studio.render.runners import mezzanine
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.mezzanine import MezzaninePiece
from ruach_studio.render.store import jobs
from ruach_studio.render.usecases import await_mezzanines
from ruach_studio.render.usecases.await_mezzanines import MEZZANINE_JOB
from ruach_studio.render.usecases.cancel_job import cancel_job
from ruach_studio.render.usecases.clear_work import clear_work
from ruach_studio.render.usecases.make_mezzanines import make_mezzanines
from ruach_studio.render.usecases.read_presets import of_job
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.services import mezzanine_folder, work_folder

from .reader import FfmpegReader

FORMATS = ["full_16_9", "short_9_16", "clip_1_1"]
READER = FfmpegReader(Fraction(1))  # pieces of 30 frames
OF_A, OF_B = 3, 2  # frames 0 to 34 and 50 to 69 of A are shown, 35 to 49 and 70 to 79 of B


@pytest.fixture
def wire(tapes, make_edl):
    return make_edl([(35, "A"), (50, "B"), (70, "A"), (80, "B")], tapes, audio={"programme": "B", "fallback": []})


@pytest.fixture
def paths(tapes, services, monkeypatch):
    """The files' paths, in an allowed folder."""
    a, b = (tapes[name][0]["path"] for name in "AB")
    monkeypatch.setitem(vars(services.settings), "media_roots", [Path(a).parent])
    return a, b


@pytest.fixture
def made(monkeypatch):
    """Count how often each piece is made."""
    counted, write = Counter(), MezzaninePiece._write

    async def counting(piece, cancelled):
        counted[piece.path.name] += 1
        await write(piece, cancelled)

    monkeypatch.setattr(MezzaninePiece, "_write", counting)
    return counted


@pytest.fixture
def transcode(services):
    """`async with transcode()` runs media-transcoding's worker until the block ends."""

    @asynccontextmanager
    async def working():
        stop = asyncio.Event()
        parts = jobs_media.handlers(services, READER), jobs_media.hooks()
        worker = Worker(services.database, services.queue, parts[0], hooks=parts[1], grace_s=1.0)
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    return working


@pytest.fixture
def asked(services, lock, wire, small):
    """Ask for formats and return their jobs."""

    async def asking(*formats):
        await lock(wire)
        return [each.job for each in await request_renders(services, wire["sessionId"], list(formats), actor="someone")]

    return asking


async def rows_of(services, job):
    async with services.database.connection() as conn:
        rows = await list_executions(conn, automation_id=job.automation_id)
    return [row for row in rows if row["name"] == MEZZANINE_JOB], {r["id"]: r for r in rows if r["name"] == "render"}


async def ended(services, *found):
    """Return the render jobs once all have ended."""
    async with asyncio.timeout(120):
        while True:
            async with services.database.connection() as conn:
                now = [await jobs.get(conn, job.render_job_id) for job in found]
            if all(job.state not in ("queued", "processing") for job in now):
                return now
            await asyncio.sleep(0.05)


async def test_three_formats_share_pieces_that_the_queue_makes_once(
    services, asked, work, transcode, made, paths, wire, read_strips, monkeypatch, tmp_path
):
    monkeypatch.setattr(await_mezzanines, "GRACE_S", 100.0)  # only the queue makes them
    found = await asked(*FORMATS)
    async with transcode(), work(READER):
        done = await ended(services, *found)
    assert [job.state for job in done] == ["completed"] * 3
    assert list(made.values()) == [1] * (OF_A + OF_B)
    mezzanines, _ = await rows_of(services, found[0])
    assert {row["payload"]["path"] for row in mezzanines} == set(paths)
    assert sum((row["result"] or {}).get("pieces", 0) for row in mezzanines) == OF_A + OF_B
    async with services.database.connection() as conn:
        preset = await of_job(conn, done[0])
    plan = plan_render(wire, preset)
    assert read_strips(next(tmp_path.rglob(f"{done[0].render_job_id}.mp4"))) == [plan.shown(i) for i in range(80)]
    await clear_work(services)
    assert not mezzanine_folder(services, found[0].automation_id).exists()


async def test_where_nobody_works_the_queue_the_render_makes_them_and_asks_for_nothing_more(
    services, asked, work, made, paths, monkeypatch
):
    monkeypatch.setattr(await_mezzanines, "GRACE_S", 0.2)
    (job,) = await asked("full_16_9")
    async with work(READER):
        (done,) = await ended(services, job)
    assert done.state == "completed"
    assert list(made.values()) == [1] * (OF_A + OF_B)
    mezzanines, _ = await rows_of(services, job)
    assert [row["state"] for row in mezzanines] == ["cancelled"] * 2


@pytest.mark.slow
async def test_a_path_outside_the_roots_is_refused_without_a_dead_letter_and_the_render_goes_on(
    services, asked, work, transcode, made, tapes, monkeypatch
):
    monkeypatch.setattr(await_mezzanines, "GRACE_S", 1.0)
    assert services.settings.media_roots == []
    (job,) = await asked("full_16_9")
    async with transcode(), work(READER):
        (done,) = await ended(services, job)
    assert done.state == "completed"
    assert list(made.values()) == [1] * (OF_A + OF_B)
    mezzanines, _ = await rows_of(services, job)
    assert [(row["state"], row["result"]) for row in mezzanines] == [("completed", {"helped": False})] * 2
    async with services.database.connection() as conn:
        assert await list_dead_letters(conn) == []
    payload = {"renderJobId": job.render_job_id, "path": tapes["A"][0]["path"]}
    with pytest.raises(PathRefused):
        await make_mezzanines(services, READER, SimpleNamespace(automation_id=job.automation_id), payload)


async def test_a_render_that_waits_says_so_and_is_cancelled_at_once(services, asked, work, made, paths, wire, monkeypatch):
    monkeypatch.setattr(await_mezzanines, "GRACE_S", 0.2)
    (job,) = await asked("full_16_9")
    folder = mezzanine_folder(services, job.automation_id)
    async with services.database.connection() as conn:
        plan = plan_render(wire, await of_job(conn, job))
    with ExitStack() as held:  # somebody is at all of them, and slow
        for piece in await READER.mezzanines(plan, folder):
            assert held.enter_context(claimed(piece.path))
        async with work(READER), asyncio.timeout(60):
            while True:
                mezzanines, renders = await rows_of(services, job)
                row = renders[job.render_job_id]
                view = shown(job.render_job_id, {**row, "retriedAs": None})
                if view["waitingReason"]:
                    break
                await asyncio.sleep(0.05)
            assert (view["step"], view["message"]) == ("render", "waiting for mezzanines: a.ts 0 of 3, b.mp4 0 of 2")
            assert [each["state"] for each in mezzanines] == ["queued"] * 2
            await cancel_job(services, job.render_job_id, actor="op", reason="enough")
            mezzanines, _ = await rows_of(services, job)
            assert [each["state"] for each in mezzanines] == ["cancelled"] * 2
            own = work_folder(services, job.automation_id, job.format)
            while own.exists():  # noqa: ASYNC110  (the worker removes it)
                await asyncio.sleep(0.05)
    assert not made
    assert [path.name for path in folder.parent.rglob("*.part")] == []


async def test_cancelling_stops_the_queue_in_mid_piece_and_leaves_no_part(
    services, asked, work, transcode, paths, monkeypatch
):
    begun = asyncio.Event()

    async def slow(arguments, *, cancelled):
        await run(arguments, cancelled=cancelled)
        begun.set()
        await cancelled.wait()
        raise Cancelled

    monkeypatch.setattr(mezzanine, "run", slow)
    monkeypatch.setattr(await_mezzanines, "GRACE_S", 100.0)
    (job,) = await asked("full_16_9")
    folder = mezzanine_folder(services, job.automation_id)
    async with transcode(), work(READER), asyncio.timeout(60):
        await begun.wait()
        assert list(folder.glob("*.part"))
        await cancel_job(services, job.render_job_id, actor="op", reason="enough")
        while list(folder.parent.rglob("*.part")):  # noqa: ASYNC110  (the worker removes it)
            await asyncio.sleep(0.05)
        mezzanines, _ = await rows_of(services, job)
        assert [row["state"] for row in mezzanines] == ["cancelled"] * 2
    assert list(folder.glob("*.mp4")) == []


async def test_a_render_that_was_killed_asks_once_and_one_that_has_ended_gets_nothing(services, asked, made, paths):
    (job,) = await asked("full_16_9")
    for _ in range(2):
        await await_mezzanines._ask(services, job, paths[:1])
    mezzanines, _ = await rows_of(services, job)
    assert [row["payload"] for row in mezzanines] == [{"renderJobId": job.render_job_id, "path": paths[0]}]
    context = SimpleNamespace(automation_id=job.automation_id, cancelled=asyncio.Event())
    assert await make_mezzanines(services, READER, context, mezzanines[0]["payload"]) == {"pieces": 0}  # it is queued
    assert not made
