"""Several workers at one render: helpers asked for, chunks divided, one picture to the byte, nobody waited for in vain."""

import asyncio
import pickle
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from ruach_studio.infra.queues import list_executions
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases import share_render
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.share_render import CHUNK_JOB

HELPER = Path(__file__).with_name("help_child.py")
WIDE = replace(PRESETS["full_16_9"], width=320, height=180)


@pytest.fixture
def plan(session, make_edl):
    return plan_render(make_edl([(28 * (i + 1), "AB"[i % 2]) for i in range(7)], session), WIDE)  # seven chunks


@pytest.mark.slow
async def test_processes_divide_the_chunks_and_the_picture_is_the_same_to_the_byte(plan, tmp_path):
    alone = await FfmpegRunner().render(plan, tmp_path / "alone", lambda _: None, asyncio.Event())
    first = tmp_path / "both" / "chunks" / min((tmp_path / "alone" / "chunks").glob("*.mp4")).name
    first.parent.mkdir(parents=True)
    with ExitStack() as held:
        assert held.enter_context(claimed(first))
        command = [sys.executable, str(HELPER), str(tmp_path / "both")]
        helper = await asyncio.to_thread(
            subprocess.run, command, input=pickle.dumps(plan), stdout=subprocess.PIPE, check=True
        )
        assert int(helper.stdout) == 6
        assert not first.exists()
        seen = []

        def give_way_once_all_else_is_there(progress):
            seen.append(progress.frames)
            if progress.frames == 168:
                held.close()

        both = await FfmpegRunner(workers=1).render(
            plan, tmp_path / "both", give_way_once_all_else_is_there, asyncio.Event()
        )
    assert both.sha256 == alone.sha256
    assert seen[-1] == 196


async def test_a_helper_begins_nothing_where_there_is_nothing(plan, tmp_path):
    assert await FfmpegRunner().assist(plan, tmp_path / "gone", asyncio.Event()) == 0
    await FfmpegRunner().render(plan, tmp_path / "done", lambda _: None, asyncio.Event())
    assert await FfmpegRunner().assist(plan, tmp_path / "done", asyncio.Event()) == 0


async def test_a_render_asks_for_helpers_and_ends_without_them(services, lock, wire, work, small, monkeypatch):
    monkeypatch.setitem(vars(services.settings), "render_helpers", 2)
    monkeypatch.setattr(share_render, "LEAST_SHARED_S", 1.0)
    await lock(wire)
    (asked,) = await request_renders(services, wire["sessionId"], ["full_16_9"], actor="someone")

    async with work(), asyncio.timeout(60):
        while True:
            async with services.database.connection() as conn:
                rows = await list_executions(conn, automation_id=asked.job.automation_id)
            ended = sorted(row["name"] for row in rows if row["state"] == "completed")
            if len(ended) == 3:
                break
            await asyncio.sleep(0.05)
    assert ended == ["render", CHUNK_JOB, CHUNK_JOB]
