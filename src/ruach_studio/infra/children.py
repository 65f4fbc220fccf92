"""Turn an argument list into one whose process ends with ours, even if ours is killed (SIGKILL gives no time to tidy up).

Linux alone has that: the kernel sends a child the signal it asked for (prctl PR_SET_PDEATHSIG) when the thread that started
it ends. util-linux's `setpriv --pdeathsig` asks for it and becomes the program, under the same process id, for about 1 ms of
CPU. It does not reach grandchildren, nor a child whose parent dies in the millisecond before it asks.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache


def ends_with_us(command: Sequence[str]) -> list[str]:
    """Return the command that runs `command` and is killed when the thread that starts it ends; off Linux, `command` itself.

    Start it from a thread that lives as long as the child is wanted: an event loop's, or the one that waits for it.
    """
    return [*_prefix(), *command]


async def reap(child: asyncio.subprocess.Process) -> None:
    """Kill the child if it lives, and wait until it is gone, also while being cancelled: a killed one goes at once."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    going = asyncio.ensure_future(_gone(child))
    cancelled: asyncio.CancelledError | None = None
    while not going.done():
        try:
            await asyncio.shield(going)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _gone(child: asyncio.subprocess.Process) -> None:
    # a pipe that nobody empties would keep the transport, and so `wait`, from ending
    await asyncio.gather(*(each.read() for each in (child.stdout, child.stderr) if each), return_exceptions=True)
    await child.wait()


@cache
def _prefix() -> tuple[str, ...]:
    """BusyBox has a `setpriv` that knows no such word, and so have old releases: ask it once."""
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    if program is None:
        return ()
    prefix = (program, "--pdeathsig", "KILL")
    try:
        known = subprocess.run([*prefix, program, "--version"], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return prefix if known.returncode == 0 else ()
