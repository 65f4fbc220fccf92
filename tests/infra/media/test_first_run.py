"""The first FFmpeg of a process: nothing runs before it, and one that stands does not make the event loop stand."""

import os
import subprocess
import sys

ASKED = """
import sys
started = []
sys.addaudithook(lambda event, args: started.append(args[1]) if event == "subprocess.Popen" else None)
from ruach_studio.infra.media import find_ffmpeg
find_ffmpeg()
print(started)
"""

STOPPED = """
import asyncio, threading, time, psutil, uvloop
from ruach_studio.infra.media import FfmpegStalled, run

def stop_the_first():
    while True:
        for child in psutil.Process().children(recursive=True):
            if "ffmpeg" in child.name():
                child.suspend()
                return
        time.sleep(0.0005)

async def main():
    threading.Thread(target=stop_the_first, daemon=True).start()
    ticks = asyncio.create_task(tick())
    try:
        await run(["-f", "lavfi", "-i", "testsrc=s=64x64:r=30", "-f", "null", "-"])
    except FfmpegStalled:
        print("stalled", ticks.cancel())

async def tick():
    while True:
        await asyncio.sleep(0.1)

uvloop.run(main())
"""


def _said(program: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **more}, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_finding_the_program_runs_nothing():
    """A program that is asked who it is can stand too, and whoever asks, often the event loop, would stand with it."""
    assert _said(ASKED) == "[]"


def test_a_first_ffmpeg_that_is_stopped_ends_as_stalled():
    assert _said(STOPPED, RUACH_FFMPEG_STALL_S="1") == "stalled True"
