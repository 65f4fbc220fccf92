"""Turn blocking work that lasts into something to await, on threads of its own.

`asyncio.to_thread` shares the loop's few threads (the processors and four), and a request's short call queues there: with
the work of jobs on them, published films and searches waited until a sync had ended. So to_thread is for what takes a
moment; what may take longer comes here. The kernel shares the processors out; these threads are only made when needed.
"""

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Cancelled

P = ParamSpec("P")
T = TypeVar("T")
# More than all jobs at once want (17, render's helpers, and a file per processor for each who listens): none waits.
LONG_THREADS = 64 + 4 * (os.cpu_count() or 1)
_LONG = ThreadPoolExecutor(LONG_THREADS, thread_name_prefix="long")
log = get_logger(__name__)


async def in_thread(work: Callable[[threading.Event], T], cancelled: asyncio.Event | None = None) -> T:
    """Run `work(stop)` in a thread and return what it returns, or raise what it raises; it never outlives this call.

    A cancelled caller sets `stop` and waits for the thread's end before it goes, however often it is told. So does
    `cancelled` once it is set, but then what the work returns or raises (Cancelled) is the answer.
    """
    stop = threading.Event()
    run = partial(contextvars.copy_context().run, work, stop)
    # A future, not a task: when the loop ends it cancels every task, and the thread would go on behind a cancelled one.
    running = asyncio.get_running_loop().run_in_executor(_LONG, run)
    watcher = None if cancelled is None else asyncio.create_task(_forward(cancelled, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await _ended(running)
        if not running.cancelled() and (error := running.exception()) and not isinstance(error, Cancelled):
            log.warning("thread.stop.failed", error=type(error).__name__, message=str(error))
        raise
    finally:
        if watcher is not None:
            watcher.cancel()


async def in_long_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Be `asyncio.to_thread` for work that lasts but cannot be told to stop: a cancelled caller goes at once.

    The process ends when the work has, as with to_thread.
    """
    run = partial(contextvars.copy_context().run, partial(work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_LONG, run)


async def _ended(running: "asyncio.Future[T]") -> None:
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            continue  # told again: the caller raises it once the thread has ended


async def _forward(cancelled: asyncio.Event, stop: threading.Event) -> None:
    await cancelled.wait()
    stop.set()
