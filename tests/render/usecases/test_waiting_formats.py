"""Who shares a decoding: the videos of the automation that wait or work, without pressure, never with a critical one."""

import asyncio

import pytest

from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues.pressure import Thresholds
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import preset_named
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.store import steps
from ruach_studio.render.store.steps import DoneStep
from ruach_studio.render.usecases import waiting_formats as module
from ruach_studio.render.usecases.cancel_job import cancel_job
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.services import work_folder
from ruach_studio.render.usecases.waiting_formats import waiting_formats


@pytest.fixture
def asked(services, lock, wire):
    """Ask for all four formats; return the jobs by format, and what tells who waits beside the programme."""

    async def asking(**how):
        await lock(wire)
        made = {each.job.format: each.job for each in await request_renders(services, "talk-1", actor="a", **how)}
        full = made["full_16_9"]
        work_folder(services, full.automation_id, full.format).mkdir(parents=True)  # as its preflight does
        return made, waiting_formats(services, full, wire, plan_render(wire, preset_named("full_16_9")))

    return asking


async def names(others):
    return [each.plan.preset.name for each in await others()]


async def test_videos_wait_beside_it_until_they_are_cancelled(services, asked, wire):
    made, others = await asked()
    (square,) = await others()
    assert square.plan == plan_render(wire, preset_named("clip_1_1"))
    assert square.workdir == work_folder(services, made["full_16_9"].automation_id, "clip_1_1")
    began = DoneStep("preflight", "", "", {"subjects": {"A": "1/3"}})
    short = made["short_9_16"]
    async with services.database.transaction() as tx:
        now = services.clock.now()
        await steps.record(tx, short.automation_id, short.format, short.render_job_id, began, now)
    found = {each.plan.preset.name: each.plan for each in await others()}
    assert sorted(found) == ["clip_1_1", "short_9_16"]
    assert str(found["short_9_16"].segments[0].subject_x) == "1/3"
    for name in ("clip_1_1", "short_9_16"):
        await cancel_job(services, made[name].render_job_id, actor="a", reason="not needed")
    assert await names(others) == []


async def test_a_critical_render_waits_for_nobody_s_encoder(asked):
    _, others = await asked(critical=True)
    assert await names(others) == []


async def test_under_pressure_and_while_the_queue_is_held_nobody_shares(services, asked):
    _, others = await asked()
    assert await names(others) == ["clip_1_1"]
    for levels, level in (((1, 100, 200), "warning"), ((1, 2, 200), "degraded"), ((100, 200, 300), "normal")):
        monitor = PressureMonitor(services.database, services.queue, services.pressure, thresholds=Thresholds(*levels))
        await monitor.judge()
        await services.pressure.refresh()
        pressure = await services.pressure.of("render-jobs")
        assert (pressure.level, await names(others)) == (level, [])
    assert pressure.paused_since is not None  # normal again, and held until an operator's word


async def test_a_disk_without_room_for_all_is_not_shared(asked, monkeypatch):
    _, others = await asked()
    monkeypatch.setattr(module, "has_room", lambda plans, _folder: len(plans) < 2)
    assert await names(others) == []


async def test_jobs_that_work_together_publish_what_each_publishes_alone(small, services, lock, wire, work):
    shared = []

    class Noting(FfmpegRunner):
        async def render(self, plan, workdir, on_progress, cancelled, others):
            async def noting():
                found = await others()
                shared.append((plan.preset.name, [each.plan.preset.name for each in found]))
                return found

            return await super().render(plan, workdir, on_progress, cancelled, noting)

    async def published(version):
        while True:
            found = [each for each in await list_jobs(services, "talk-1") if each.job.edl_version == version]
            if [each.job.state for each in found] == ["completed"] * 2:
                return {each.job.format: each.artifact.sha256 for each in found}
            await asyncio.sleep(0.05)

    await lock(wire)
    await request_renders(services, "talk-1", ["full_16_9", "clip_1_1"], actor="a")
    async with work(Noting()), asyncio.timeout(60):
        together = await published(3)
    assert shared[0] in (("full_16_9", ["clip_1_1"]), ("clip_1_1", ["full_16_9"]))
    assert list((services.settings.data_dir / "render-work").glob("*/*")) == []
    await lock({**wire, "version": 4})
    for name in together:  # each of an automation of its own: nobody waits beside it
        await request_renders(services, "talk-1", [name], actor="a")
    async with work(), asyncio.timeout(60):
        assert await published(4) == together
