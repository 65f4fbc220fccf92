"""Turn blocking work into something to await that has really ended when the caller goes on, also when it is cancelled."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Cancelled

T = TypeVar("T")
log = get_logger(__name__)


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Run `work(stop)` in a thread. A cancelled caller sets `stop` and waits for the thread's end before it goes."""
    stop = threading.Event()
    running = asyncio.create_task(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) and not isinstance(error, Cancelled):
            log.warning("storage.stop.failed", error=type(error).__name__, message=str(error))
        raise
