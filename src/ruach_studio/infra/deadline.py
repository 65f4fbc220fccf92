"""Turn work that may hang into an answer in time or TooSlow.

The work runs as a task of its own. A driver whose server has stopped may take seconds to notice that it was cancelled, and
whoever waits for the answer must not wait for that: the task is cancelled and left to end by itself.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Unavailable

T = TypeVar("T")
log = get_logger(__name__)
_LEFT: set[asyncio.Task[Any]] = set()  # the loop holds its tasks weakly


class TooSlow(Unavailable):
    """There was no answer in time."""

    code = "too_slow"


async def in_time(work: Coroutine[Any, Any, T], within_s: float) -> T:
    """Return what `work` returns, or raise what it raises; TooSlow after `within_s` seconds."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=within_s)
    finally:
        late = not task.done()
        if late:
            task.cancel()
            _LEFT.add(task)
            task.add_done_callback(_ended)
    if late:
        raise TooSlow(f"no answer within {within_s:g} s", remedy="Try again shortly.")
    return task.result()


def _ended(task: asyncio.Task[Any]) -> None:
    _LEFT.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("deadline.late_failure", error=type(error).__name__)
