"""Turn depths into kept levels, once a second: one process judges, every process refreshes its board.

A change of level is one transaction: the row, the event on the outbox, the audit row, and the word to whoever follows a
job that is held from now on. So each change is announced exactly once, whoever dies. All changes of an incident (from
leaving `normal` until `normal` again) carry one correlation id. If the depth cannot be learnt (the queue's server is
away), the level stays as it is.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Event
from ruach_studio.events.ops import BackpressureDegraded, BackpressureNormal, BackpressureShedding, BackpressureWarning
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.pressure import LEVELS, SPECIFIED, Judgement, Level, Pressure, Thresholds, judge
from ruach_studio.infra.queues.store import pressure as store
from ruach_studio.kernel.errors import Unavailable

EVERY_S = 1.0
ACTOR = "monitor:backpressure"
_EVENT: dict[Level, Callable[[str, int, str], Event]] = {
    "normal": BackpressureNormal, "warning": BackpressureWarning, "degraded": BackpressureDegraded,
    "shedding": BackpressureShedding,
}  # fmt: skip

log = get_logger(__name__)


class PressureMonitor:
    """Judges the queues of `queue`. Any number may run: a lock lets one of them judge at a time."""

    def __init__(
        self, database: Database, queue: BullmqPostgres, board: PressureBoard, *, thresholds: Thresholds = SPECIFIED
    ) -> None:
        """Take what to judge; `thresholds` are the specification's unless a test lowers them."""
        self._thresholds = thresholds
        self._database = database
        self._queue = queue
        self._board = board
        self._names = tuple(policy.name for policy in queue.policies)

    async def run(self, stop: asyncio.Event) -> None:
        """Judge and refresh every second until `stop` is set; an outage is logged and outlived."""
        reached = True
        while not stop.is_set():
            try:
                await self.judge()
                await self._board.refresh()
                reached = True
            except Unavailable as error:
                if reached:
                    log.warning("queue.backpressure.unknown", message=str(error))
                reached = False
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    async def judge(self) -> list[Judgement]:
        """Judge every queue once and return what changed; nothing while another process does it. Raises Unavailable."""
        changed: list[Judgement] = []
        async with self._database.transaction() as tx:
            if not await store.only_one(tx):
                return changed
            kept = await store.every(tx)
            if any(name not in kept for name in self._names):
                await store.enrol(tx, self._names)
            for name in self._names:
                depth = (await self._queue.counts(name)).depth
                before = kept.get(name) or Pressure(name)
                if self._judge(depth, before).changed:
                    changed.append(await self._change(tx, name, depth))
        return changed

    def _judge(self, depth: int, before: Pressure) -> Judgement:
        return judge(depth, before.level, paused=before.paused_since is not None, thresholds=self._thresholds)

    async def _change(self, tx: AsyncConnection, name: str, depth: int) -> Judgement:
        before = await store.locked(tx, name) or Pressure(name)  # an operator's resume may have come between
        found = self._judge(depth, before)
        correlation_id = before.correlation_id or new_id()
        with bind(correlation_id=correlation_id):
            ends = found.level == "normal"
            await store.save(
                tx, name, level=found.level, depth=depth, pauses=found.pauses,
                correlation_id=None if ends else correlation_id,
            )  # fmt: skip
            held = await store.tell_followers(tx, name) if found.pauses else 0
            await publish(tx, event_of(name, depth, found.level, before.level))
            await record_transition(
                tx, entity="queue", entity_id=name, from_state=before.level, to_state=found.level, actor=ACTOR,
                reason=found.reason + (f"; non-critical work pauses ({held} jobs)" if found.pauses else ""),
            )  # fmt: skip
            say = log.warning if LEVELS.index(found.level) > LEVELS.index(before.level) else log.info
            say(
                f"queue.backpressure.{found.level}", queue=name, depth=depth, previous=before.level, pauses=found.pauses,
                held=held, why=found.reason,
            )  # fmt: skip
        return found


def event_of(queue: str, depth: int, level: Level, previous: Level) -> Event:
    """Return the event that announces a change."""
    return _EVENT[level](queue, depth, previous)
