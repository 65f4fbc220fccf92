"""Turn many small reports of a job's work into few rows: the latest one twice a second, and the last one at the end.

Reports may come from any thread; only the newest counts. Losing one because the database is away stops no work.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.port import JobContext
from ruach_studio.kernel.errors import Cancelled, Unavailable

INTERVAL_S = 0.5
T = TypeVar("T")

log = get_logger(__name__)


class Reporter:
    """Use with `async with`; `say` may be called as often as one likes, from any thread."""

    _UNSAVED = "job.progress.unsaved"  # the log's word for a report that was lost

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._latest: Callable[[], Mapping[str, Any]] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._pump())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if kind is None:
            await self.flush()

    def say(self, progress: Callable[[], Mapping[str, Any]]) -> None:
        """Keep what makes the newest report; it is made only if it will be stored."""
        self._latest = progress

    async def flush(self) -> None:
        """Store the newest report now."""
        latest, self._latest = self._latest, None
        if latest is None:
            return
        try:
            await self._context.progress(latest())
        except Unavailable as error:  # the work goes on without an audience
            log.warning(self._UNSAVED, message=str(error))

    async def _pump(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.flush()


async def until_cancelled(work: Coroutine[Any, Any, T], cancelled: asyncio.Event) -> T:
    """Return what `work` returns; once `cancelled` is set, cancel it, wait for its end and raise Cancelled."""
    task = asyncio.create_task(work)
    stop = asyncio.create_task(cancelled.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Cancelled("the job was cancelled", subject="job")
        return task.result()
    finally:
        task.cancel()
        stop.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)
