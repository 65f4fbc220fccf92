"""Turn blocking work into something to await that has really ended when the caller goes on, also when it is cancelled."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Cancelled

T = TypeVar("T")
log = get_logger(__name__)


async def in_thread(work: Callable[[threading.Event], T], cancelled: asyncio.Event | None = None) -> T:
    """Run `work(stop)` in a thread and return what it returns, or raise what it raises; it never outlives this call.

    A cancelled caller sets `stop` and waits for the thread's end before it goes, however often it is told. So does
    `cancelled` once it is set, but then what the work returns or raises (Cancelled) is the answer.
    """
    stop = threading.Event()
    run = partial(contextvars.copy_context().run, work, stop)
    # A future, not a task: when the loop ends it cancels every task, and the thread would go on behind a cancelled one.
    running = asyncio.get_running_loop().run_in_executor(None, run)
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


async def _ended(running: "asyncio.Future[T]") -> None:
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            continue  # told again: the caller raises it once the thread has ended


async def _forward(cancelled: asyncio.Event, stop: threading.Event) -> None:
    await cancelled.wait()
    stop.set()
