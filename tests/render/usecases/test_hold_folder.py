"""One run at a time works in a folder: a retry waits for the cancelled run's end, and a killed process blocks nobody."""

import asyncio
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.store import jobs
from ruach_studio.render.usecases import hold_folder
from ruach_studio.render.usecases.cancel_job import cancel_job
from ruach_studio.render.usecases.clear_work import clear_work
from ruach_studio.render.usecases.hold_folder import at_work_in, held
from ruach_studio.render.usecases.read_jobs import get_job
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.retry_job import retry_job
from ruach_studio.render.usecases.services import mezzanine_folder, work_folder

OPEN = ("queued", "processing")


class Overlapping(FfmpegRunner):
    """Its first run, told to stop, dies when the second has met it: found the folder held, or drawn in it all the same."""

    def __init__(self):
        super().__init__()
        self.calls, self.drawing, self.met, self.ended, self.overlapped = 0, asyncio.Event(), asyncio.Event(), False, False

    async def render(self, plan, workdir, on_progress, cancelled, others):
        self.calls += 1
        if self.calls == 1:
            self.drawing.set()
            await cancelled.wait()
            await self.met.wait()
            self.ended = True
            raise Cancelled("FFmpeg took its time to die", subject="ffmpeg")
        picture = await super().render(plan, workdir, on_progress, cancelled, others)
        if not self.ended:
            self.overlapped = True
            self.met.set()
            while picture.path.exists():  # noqa: ASYNC110  (the file is the event)
                await asyncio.sleep(0.02)
        return picture


async def test_a_retry_right_after_a_cancel_keeps_its_working_folder(small, services, lock, wire, work, monkeypatch):
    runner = Overlapping()
    taken = hold_folder._taken

    def watched(path):
        handle = taken(path)
        if handle is None:
            runner.met.set()
        return handle

    monkeypatch.setattr(hold_folder, "_taken", watched)
    monkeypatch.setattr("ruach_studio.render.entrypoints.jobs.clear_work", nothing)  # it meets the lock as well
    await lock(wire)
    (first,) = await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    folder = work_folder(services, first.job.automation_id, "clip_1_1")
    async with work(runner), asyncio.timeout(60):
        await runner.drawing.wait()
        await cancel_job(services, first.job.render_job_id, actor="session:op", reason="oops")
        again = await retry_job(services, first.job.render_job_id, actor="session:op", reason="not oops")
        while (job := (await get_job(services, again.render_job_id)).job).state in OPEN:  # noqa: ASYNC110  (the row tells)
            await asyncio.sleep(0.05)
    assert (job.state, job.error) == ("completed", None)
    assert (runner.calls, runner.overlapped) == (2, False)
    assert list(folder.parent.iterdir()) == []


async def nothing(_services):
    return []


@pytest.fixture
async def over(services, lock, wire):
    """A cancelled job of clip_1_1 and what its killed worker left: its folder, and the mezzanines."""
    await lock(wire)
    (asked,) = await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    await cancel_job(services, asked.job.render_job_id, actor="session:op", reason="oops")
    folders = work_folder(services, asked.job.automation_id, "clip_1_1"), mezzanine_folder(services, asked.job.automation_id)
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


async def test_nothing_is_cleared_away_where_somebody_works(services, over):
    with held(over[0]) as mine:
        assert (mine, await clear_work(services)) == (True, [])
        assert [folder.exists() for folder in over] == [True, True]
    assert set(await clear_work(services)) == set(over)
    assert list(over[0].parent.iterdir()) == []


async def test_nobody_begins_between_the_look_and_the_clearing(services, over, monkeypatch):
    real, could_begin = jobs.of_automation, []

    async def looked(conn, automation_id):
        found = await real(conn, automation_id)
        with held(over[0]) as mine:
            could_begin.append(mine)
        return found

    monkeypatch.setattr(jobs, "of_automation", looked)
    assert set(await clear_work(services)) == set(over)
    assert could_begin[-1] is False


async def test_a_retry_made_before_the_look_under_the_lock_keeps_its_folders(services, over, monkeypatch):
    real, times = jobs.of_automation, []

    async def looked(conn, automation_id):
        found = await real(conn, automation_id)
        times.append(len(found))
        if len(times) == 1:
            await retry_job(services, found[0].render_job_id, actor="session:op", reason="not oops")
        return found

    monkeypatch.setattr(jobs, "of_automation", looked)
    assert await clear_work(services) == []
    assert (times[:2], [folder.exists() for folder in over]) == ([1, 2], [True, True])


async def test_what_a_killed_process_held_is_free_at_once_and_its_lock_file_goes(services, over):
    await asyncio.to_thread(hold_and_be_killed, over[0])
    file = over[0].with_name("clip_1_1.lock")
    assert file.exists()
    over[0].rmdir()  # it died after it had removed the folder
    await clear_work(services)
    assert not file.exists()
    with held(over[0]) as mine:
        assert mine is True


def hold_and_be_killed(folder):
    code = "import sys, pathlib; from ruach_studio.render.usecases.hold_folder import held\n"
    code += "with held(pathlib.Path(sys.argv[1])) as mine: print(mine, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "True\n"
        with held(folder) as mine:
            assert mine is False
        child.send_signal(signal.SIGKILL)
        child.wait()


async def test_who_waits_for_a_folder_can_be_told_to_stop(tmp_path):
    cancelled = asyncio.Event()
    with held(tmp_path / "clip_1_1") as mine:
        waiting = asyncio.create_task(entered(tmp_path / "clip_1_1", cancelled))
        cancelled.set()
        with pytest.raises(Cancelled):
            await waiting
    assert mine is True
    assert await entered(tmp_path / "clip_1_1", cancelled) == tmp_path / "clip_1_1"


async def entered(folder, cancelled):
    async with at_work_in(folder, cancelled) as found:
        return found


def test_the_lock_is_never_held_twice_although_its_file_comes_and_goes(tmp_path):
    guard, held_by, most, got = threading.Lock(), [0], [0], [0]

    def worker(_number):
        for _ in range(300):
            with held(tmp_path / "a" / "clip_1_1") as mine:
                if mine:
                    with guard:
                        held_by[0] += 1
                        got[0] += 1
                        most[0] = max(most[0], held_by[0])
                    with guard:
                        held_by[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(worker, range(8)))
    assert (most[0], held_by[0], list((tmp_path / "a").iterdir())) == (1, 0, [])
    assert got[0] > 0


async def test_a_holder_that_stands_still_blocks_nobody_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(hold_folder, "PATIENCE_S", 0.3)
    with held(tmp_path / "full_16_9") as mine:
        assert mine
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(20), at_work_in(tmp_path / "full_16_9", asyncio.Event()) as folder:
            assert asyncio.get_running_loop().time() - began >= 0.3
            assert folder == tmp_path / "full_16_9"
        with held(tmp_path / "full_16_9") as again:
            assert not again  # the one that stands still holds it as before
