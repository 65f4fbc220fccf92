"""Turn a request into a run of remotion/render.mjs: events while it works, one error with its reason if it fails.

An argument list, never a shell. The child leads a process group of its own; its stdin stays open for as long as we live,
and it ends with it, so a killed studio leaves no browser. A cancelled run kills the child and everything it started and
waits for it. Its temporary files lie in a folder of their own beside the work, which goes with it; they are told of it by
a short name, since a socket of Chromium's lies in it and a socket's path holds 107 bytes.
"""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

import psutil

from ruach_studio.kernel.errors import Cancelled, MediaFailure, OutOfSpace, RuachError
from ruach_studio.render.runners.remotion_tools import RemotionMissing, RemotionTools

Event = Mapping[str, Any]
LINE_LIMIT_BYTES = 1 << 20
SILENT_S = 300.0  # of no event at all; a frame may take two minutes (FRAME_TIMEOUT_MS), a browser that hangs says nothing
_TAIL_BYTES = 8192
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH")


class RemotionFailed(MediaFailure):
    """Remotion could not draw the picture."""

    code = "remotion_failed"


class RemotionTimeout(MediaFailure):
    """A frame took Remotion longer than it may, or its browser hangs."""

    code = "remotion_timeout"
    retryable = True


async def run_node(
    tools: RemotionTools, request: Event, on_event: Callable[[Event], None], cancelled: asyncio.Event, *, scratch: Path
) -> None:
    """Run the request to its end; `on_event` hears what the child says.

    Raises Cancelled, OutOfSpace, RemotionMissing (a browser that does not start), RemotionTimeout, RemotionFailed.
    """
    if cancelled.is_set():
        raise Cancelled("the run was cancelled before it began", subject="remotion")
    async with _temporary(scratch) as name:
        child = await asyncio.create_subprocess_exec(
            str(tools.node), str(tools.folder / "render.mjs"), cwd=tools.folder, env=_environment(name),
            start_new_session=True, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, limit=LINE_LIMIT_BYTES,
        )  # fmt: skip
        failures: list[Event] = []
        work = asyncio.create_task(_converse(child, request, on_event, failures))
        stop = asyncio.create_task(cancelled.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Cancelled("the run was cancelled", subject="remotion")
            said = await work
            code = await child.wait()
        finally:
            await _end(child, [work, stop])
    if failures or code != 0:
        raise _failure(failures, code, said, tools.browser)


@contextlib.asynccontextmanager
async def _temporary(scratch: Path) -> AsyncIterator[str]:
    """Make a folder for temporary files, give a name of it that is short and leaves nothing behind, and remove it."""
    folder = scratch / f"tmp-{token_hex(4)}"
    await asyncio.to_thread(folder.mkdir, parents=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _environment(temporary: str) -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"TMPDIR": temporary}


async def _converse(
    child: asyncio.subprocess.Process, request: Event, on_event: Callable[[Event], None], failures: list[Event]
) -> str:
    """Give the request, hear every event, and return the end of what it said on stderr."""
    stdin, stdout, stderr = child.stdin, child.stdout, child.stderr
    if stdin is None or stdout is None or stderr is None:
        raise RemotionFailed("Node.js was started without pipes", subject="remotion")
    tail = asyncio.create_task(_tail(stderr))
    try:
        with contextlib.suppress(ConnectionError):  # it ended before it read; its stderr says why
            stdin.write(json.dumps(request).encode() + b"\n")
            await stdin.drain()
        while line := await _next_line(stdout):
            with contextlib.suppress(ValueError):  # not one of our lines
                event = json.loads(line)
                failures += [event] if event["event"] == "failed" else []
                on_event(event)
        return await tail
    finally:
        tail.cancel()


async def _next_line(stdout: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(SILENT_S):
            return await stdout.readline()
    except TimeoutError:
        remedy = "Try again with less load; RUACH_REMOTION_BROWSER names another browser (chromium-headless-shell)"
        raise RemotionTimeout(f"it said nothing for {SILENT_S:g} s", subject="remotion", remedy=remedy) from None


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while block := await stream.read(8192):
        kept = (kept + block)[-_TAIL_BYTES:]
    return kept.decode("utf-8", "replace")


async def _end(child: asyncio.subprocess.Process, tasks: "list[asyncio.Task[Any]]") -> None:
    """Leave nothing behind: neither the child nor the browser and encoder that it started."""
    if child.returncode is None:
        for process in await asyncio.to_thread(_family, child.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if child.stdin is not None:
        child.stdin.close()
    await asyncio.gather(*(s.read() for s in (child.stdout, child.stderr) if s is not None), return_exceptions=True)
    await child.wait()


def _family(pid: int) -> list[psutil.Process]:
    """Return the process and all it started, stopped first so that it starts no more meanwhile."""
    try:
        parent = psutil.Process(pid)
        parent.suspend()
        return [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []


def _failure(failures: list[Event], code: int | None, stderr: str, browser: Path) -> RuachError:
    told = failures[-1]["message"] if failures else f"Node.js ended with code {code}"
    whole = f"{told}\n{stderr}"
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    fact = (lines or [f"Node.js ended with code {code}"])[0][:500]
    if "ENOSPC" in whole or "No space left on device" in whole:
        return OutOfSpace("the disk is full", subject="remotion", remedy="Free some space and start it again")
    if "Failed to launch the browser" in whole or "Tried to launch browser" in whole:
        why = next((line for line in lines if "FATAL" in line or "error while loading" in line), fact)[-500:]
        remedy = "RUACH_REMOTION_BROWSER names another browser (chromium-headless-shell)"
        return RemotionMissing(f"the browser does not start ({why})", subject=str(browser), remedy=remedy, said=told[:2000])
    if "ERR_MODULE_NOT_FOUND" in whole or "Cannot find module" in whole:
        return RemotionMissing(fact, subject="remotion", remedy="Run `make remotion`: the npm packages are incomplete")
    if "delayRender" in whole and "timeout" in whole.lower():
        return RemotionTimeout(fact, subject="remotion", remedy="Try again with less load, or check the source file")
    return RemotionFailed(fact, subject="remotion", exit_status=code, stderr=stderr[-2000:])
