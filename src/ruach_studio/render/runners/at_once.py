"""Turn works into their ends, a few at a time: the first failure stops the rest, and nothing is left running."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager


class Seats:
    """Room for `count` encoders at a time: a run that has several takes a seat for each, or all there are."""

    def __init__(self, count: int) -> None:
        self._count, self._free, self._turn = count, asyncio.Semaphore(count), asyncio.Lock()

    @asynccontextmanager
    async def taken(self, wanted: int) -> AsyncIterator[None]:
        """Wait for `wanted` seats, first come first served, and hold them for the length of the block."""
        held = 0
        try:
            async with self._turn:  # whoever gathers seats gathers alone, so that no two wait for each other's
                while held < min(wanted, self._count):
                    await self._free.acquire()
                    held += 1
            yield
        finally:
            for _ in range(held):
                self._free.release()


async def forward(cancelled: asyncio.Event, stop: asyncio.Event) -> None:
    """Set `stop` once `cancelled` is set."""
    await cancelled.wait()
    stop.set()


async def all_of(works: Sequence[Coroutine[None, None, None]], at_once: int, stop: asyncio.Event) -> None:
    """Run the coroutines, `at_once` at a time; the first failure stops the rest and is raised.

    They are stopped by `stop` and waited for, never by cancelling their tasks: a task that is cancelled while its child
    process starts would leave the child behind.
    """
    if not works:
        return
    gate = asyncio.Semaphore(at_once)

    async def one(work: Coroutine[None, None, None]) -> None:
        async with gate:
            await work

    tasks = [asyncio.create_task(one(work)) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        if not all(task.done() for task in tasks):
            stop.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    first = [error for task in done if (error := task.exception()) is not None]
    for error in [*first, *ended]:
        if isinstance(error, BaseException):
            raise error
