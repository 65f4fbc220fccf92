"""Running FFmpeg: progress, bounded words, clear failures, and nothing left behind."""

import asyncio

import psutil
import pytest

from ruach_studio.infra.media import run
from ruach_studio.infra.media.ffmpeg import STDERR_LIMIT_BYTES, FfmpegStalled, _failure
from ruach_studio.kernel.errors import Cancelled, MediaFailure, OutOfSpace

ENDLESS = ["-f", "lavfi", "-i", "testsrc=s=64x64:r=30", "-f", "null", "-"]


def children() -> list[psutil.Process]:
    """Return the FFmpeg processes that live; servers of other tests are children of this process too."""
    there = psutil.Process().children(recursive=True)
    return [p for p in there if p.status() != psutil.STATUS_ZOMBIE and "ffmpeg" in p.name()]


async def until(condition, deadline_s=20.0):
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - the condition is the state of other processes
            await asyncio.sleep(0.02)


async def test_progress_reaches_the_end():
    reports = []
    await run(["-f", "lavfi", "-i", "testsrc=s=64x64:r=30:d=4", "-f", "null", "-"], on_progress=reports.append)
    last = reports[-1]
    assert last.finished
    assert last.frame == 120
    assert last.out_time_s == pytest.approx(4.0, abs=0.05)
    assert not any(report.finished for report in reports[:-1])


async def test_what_a_measuring_filter_says_comes_back():
    result = await run(["-f", "lavfi", "-i", "sine=d=2", "-af", "volumedetect", "-f", "null", "-"])
    assert "mean_volume" in result.stderr


async def test_stderr_is_bounded_and_keeps_the_end(tmp_path):
    args = ["-f", "lavfi", "-i", "testsrc=s=32x32:r=1000:d=3", "-vf", "showinfo", "-f", "null", "-"]
    result = await run(args)
    assert len(result.stderr.encode()) <= STDERR_LIMIT_BYTES
    assert "n:2999" in result.stderr.replace(" ", "")


async def test_failure_names_the_reason(tmp_path):
    with pytest.raises(MediaFailure, match=r"absent\.mp4.*No such file") as caught:
        await run(["-i", str(tmp_path / "absent.mp4"), "-f", "null", "-"])
    assert caught.value.details["exit_status"] != 0


async def test_the_network_is_out_of_reach():
    with pytest.raises(MediaFailure, match="whitelist"):
        await run(["-i", "http://127.0.0.1:9/x.mp4", "-f", "null", "-"])


async def test_a_set_event_kills_the_child():
    stop, reports = asyncio.Event(), []
    task = asyncio.create_task(run(ENDLESS, on_progress=reports.append, cancelled=stop))
    await until(lambda: reports)
    assert children()
    stop.set()
    with pytest.raises(Cancelled):
        await task
    assert not children()


async def test_a_child_that_makes_no_headway_is_ended(monkeypatch):
    monkeypatch.setenv("RUACH_FFMPEG_STALL_S", "1")
    reports = []
    task = asyncio.create_task(run(ENDLESS, on_progress=reports.append))
    await until(lambda: reports)
    for child in children():
        child.suspend()
    with pytest.raises(FfmpegStalled, match="no headway for 1 s") as caught:
        await task
    assert caught.value.retryable
    assert not children()


async def test_an_event_set_before_starts_nothing():
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Cancelled):
        await run(ENDLESS, cancelled=stop)


async def test_a_cancelled_task_kills_the_child():
    reports = []
    task = asyncio.create_task(run(ENDLESS, on_progress=reports.append))
    await until(lambda: reports)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()


async def test_an_error_in_the_listener_kills_the_child():
    def broken(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(ENDLESS, on_progress=broken)
    assert not children()


def test_a_full_disk_is_told_apart():
    error = _failure(1, "av_interleaved_write_frame(): No space left on device\n", [])
    assert isinstance(error, OutOfSpace)
    assert error.retryable


def test_what_is_wrong_is_told_and_not_the_encoder_s_statistics():
    said = """
[vist#1:0/h264 @ 0x55] [dec:h264 @ 0x56] Decode error rate 0.5 exceeds maximum 0.02
[vist#1:0/h264 @ 0x55] [dec:h264 @ 0x56] Task finished with error code: -1145393733
[libx264 @ 0x57] frame I:1     Avg QP:12.00  size:   900
[libx264 @ 0x57] Weighted P-Frames: Y:20.0% UV:0.0%
[libx264 @ 0x57] kb/s:8.69
Conversion failed!
"""
    error = _failure(69, said, ["/a.mp4", "/b.mp4"])
    assert str(error).startswith("/b.mp4: FFmpeg ended with code 69: ")
    assert "Decode error rate 0.5" in str(error)
    assert "libx264" not in str(error)
    assert str(_failure(1, "[libx264 @ 0x57] kb/s:8.69\n", [])).startswith("ffmpeg: FFmpeg ended with code 1: [libx264")
