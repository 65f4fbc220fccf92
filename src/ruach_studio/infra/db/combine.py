"""Turn many writers who each want one small transaction into few transactions, without making any of them wait for a timer.

While one group is in the database the next one gathers; whoever comes when nothing is under way goes at once. A writer gets
its own outcome after the group's commit. What one writer did wrong costs the others nothing but the second attempt.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Unavailable

log = get_logger(__name__)
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Later(Enum):
    """The outcome of an item that would have to wait for somebody: it is written by itself, so that nobody waits with it."""

    ALONE = "alone"


ALONE = Later.ALONE


@dataclass(slots=True)
class _Waiting(Generic[Item, Outcome]):
    item: Item
    key: str
    told: asyncio.Future[Outcome]


class Combiner(Generic[Item, Outcome]):
    """Hands waiting items to `together`, at most one of each `key` and `limit` in all at a time; the rest gathers meanwhile.

    `together(items)` writes all or nothing in one transaction and returns one entry per item: its outcome, the error that
    its writer shall get, or ALONE. It must not wait for a lock that another's transaction may hold for long. `alone(item)`
    writes one in a transaction of its own. If `together` raises Unavailable, each writer gets it, for nobody knows what
    stands; after any other error nothing stands, and each is written alone, so that only the culprit fails.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception | Later]]],
        alone: Callable[[Item], Awaitable[Outcome]],
        *,
        rest: Callable[[], Awaitable[None]] | None = None,
        limit: int = 100,
    ) -> None:
        """Start nothing yet; the first item does. All items must come from one event loop.

        `rest` is awaited when nothing waits any more, and after an error of `together`: what it kept open can be closed.
        """
        self._together, self._alone, self._rest, self._limit = together, alone, rest, limit
        self._waiting: list[_Waiting[Item, Outcome]] = []
        self._running: asyncio.Task[None] | None = None
        self._apart: set[asyncio.Task[None]] = set()

    async def submit(self, key: str, item: Item) -> Outcome:
        """Write `item` and return its outcome, or raise its error.

        A writer that is cancelled takes back what has not gone to the database yet; what has is written or not, as a whole.
        """
        told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, key, told))
        if self._running is None:
            # a context of its own: the ids of whoever came first are not those of the group
            self._running = asyncio.create_task(self._run(), context=contextvars.Context())
        return await told

    async def close(self) -> None:
        """Wait for what is under way."""
        while tasks := [each for each in (self._running, *self._apart) if each is not None]:
            await asyncio.wait(tasks)

    def _take(self) -> list[_Waiting[Item, Outcome]]:
        taken: dict[str, _Waiting[Item, Outcome]] = {}
        left: list[_Waiting[Item, Outcome]] = []
        for each in self._waiting:
            if each.told.done():
                continue  # its writer has gone
            if each.key in taken or len(taken) == self._limit:
                left.append(each)
            else:
                taken[each.key] = each
        self._waiting = left
        return list(taken.values())

    async def _run(self) -> None:
        group: list[_Waiting[Item, Outcome]] = []
        try:
            while group := self._take():
                await self._write(group)
                await asyncio.sleep(0)  # let those who were just told come again before the next group leaves
                if not self._waiting:
                    await self._let_go()
        finally:
            self._running = None
            for each in (*group, *self._waiting):  # only if this task was cancelled with the whole program
                each.told.cancel()
            self._waiting = []

    async def _let_go(self) -> None:
        if self._rest is not None:
            try:
                await self._rest()
            except Exception as error:  # noqa: BLE001  (its connection was lost: everybody has been told already)
                log.warning("combiner.rest_failed", error=f"{type(error).__name__}: {error}")

    async def _write(self, group: list[_Waiting[Item, Outcome]]) -> None:
        try:
            told = await self._together([each.item for each in group])
        except Exception as error:  # noqa: BLE001  (whatever it was, its culprit gets it below)
            told = [error if isinstance(error, Unavailable) else ALONE] * len(group)
            await self._let_go()
        if len(told) != len(group):
            told = [RuntimeError(f"a group of {len(group)} was told {len(told)} outcomes")] * len(group)
        for each, outcome in zip(group, told, strict=True):
            if each.told.done():
                continue
            if isinstance(outcome, Later):
                task = asyncio.create_task(self._write_alone(each))
                self._apart.add(task)
                task.add_done_callback(self._apart.discard)
            elif isinstance(outcome, Exception):
                each.told.set_exception(outcome)
            else:
                each.told.set_result(outcome)

    async def _write_alone(self, waiting: _Waiting[Item, Outcome]) -> None:
        try:
            outcome = await self._alone(waiting.item)
        except BaseException as error:
            if not waiting.told.done():
                if isinstance(error, asyncio.CancelledError):
                    waiting.told.cancel()
                else:
                    waiting.told.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            if not waiting.told.done():
                waiting.told.set_result(outcome)
