"""A child ends with its parent, even a killed one; where the system has no such thing, the command stays as it is."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from ruach_studio.infra import children

FFMPEG = """
import asyncio, uvloop
from ruach_studio.infra.media import run
endless = ["-re", "-f", "lavfi", "-i", "testsrc=s=64x64:r=30", "-f", "null", "-"]
{loop}.run(run(endless, on_progress=lambda p: print("frame", p.frame, flush=True)))
"""
THREAD = """
import asyncio, subprocess, sys
from ruach_studio.infra.children import ends_with_us
nap = "import time; print('frame', flush=True); time.sleep(600)"
asyncio.run(asyncio.to_thread(subprocess.run, ends_with_us([sys.executable, "-c", nap])))
"""
needs_setpriv = pytest.mark.skipif(shutil.which("setpriv") is None, reason="only Linux ends a child with its parent")


@needs_setpriv
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(FFMPEG.format(loop="asyncio"), id="asyncio"),
        pytest.param(FFMPEG.format(loop="uvloop"), id="uvloop"),
        pytest.param(THREAD, id="a thread", marks=pytest.mark.slow),
    ],
)
def test_a_killed_process_leaves_no_child(script):
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert next(line for line in parent.stdout if line.startswith("frame"))  # the child works
        (child,) = psutil.Process(parent.pid).children(recursive=True)
        assert "ffmpeg" in child.name() or child.name().startswith("python")
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    try:
        assert gone(child, 20.0), f"{child.name()} lives on"
    finally:
        if not gone(child, 0):
            child.kill()


async def test_a_child_is_reaped_however_often_who_waits_is_cancelled():
    child = await asyncio.create_subprocess_exec("sleep", "600", stdout=asyncio.subprocess.PIPE)
    reaping = asyncio.create_task(children.reap(child))
    for _ in range(3):
        await asyncio.sleep(0)
        reaping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reaping
    assert child.returncode == -signal.SIGKILL
    await children.reap(child)  # one that is gone


def gone(process, patience_s):
    """Return whether it has ended (reaped or not) before the patience has."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)


@pytest.mark.parametrize("setpriv", [None, "exit 1"], ids=["no setpriv", "BusyBox's"])
def test_without_a_setpriv_that_can_the_command_stays_as_it_is(monkeypatch, tmp_path, setpriv):
    if setpriv is not None:
        (tmp_path / "setpriv").write_text(f"#!/bin/sh\n{setpriv}\n")
        (tmp_path / "setpriv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    children._prefix.cache_clear()
    try:
        assert children.ends_with_us(["ffmpeg", "-version"]) == ["ffmpeg", "-version"]
    finally:
        children._prefix.cache_clear()
