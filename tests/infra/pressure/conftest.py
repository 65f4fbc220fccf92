"""Give pressure tests a queue of render-jobs that can be made deep, a monitor, and the events that were announced."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from ruach_studio.events.registry import OPERATOR_EVENTS
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import Commanding, CommandRegistry, perform
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.outbox import tail_store
from ruach_studio.infra.outbox.tail_store import Position
from ruach_studio.infra.pressure.commands import commands
from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, BullmqRedis, Worker
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.queues.pressure import Thresholds
from ruach_studio.infra.redis_link import RedisLink

QUEUE = "render-jobs"
LOW = Thresholds(5, 10, 20)  # left at 4, 8, 16: filling a queue with hundreds takes seconds


@dataclass
class Bench:
    database: object
    queue: BullmqPostgres
    board: PressureBoard
    monitor: PressureMonitor

    async def fill(self, count, *, name="still", pausable=True, **options):
        """Add `count` waiting jobs and return their ids."""
        with bind(correlation_id=new_id()):
            async with self.database.transaction() as tx:
                return [
                    await self.queue.add(tx, QUEUE, name, {}, priority=3, pausable=pausable, **options) for _ in range(count)
                ]

    async def drop(self, job_ids):
        """Cancel jobs."""
        async with self.database.transaction() as tx:
            for job_id in job_ids:
                await self.queue.cancel(tx, job_id)

    async def resume(self, *, queue=QUEUE, reason="the disk is back", dry_run=False):
        """Run `queue.resume` as an operator."""
        who = Principal(new_id(), "op@example.org", frozenset({"operator"}))
        given = Commanding(self.database, CommandRegistry(commands(self.queue)), SystemClock())
        with bind(correlation_id=new_id()):
            return await perform(given, who, "queue.resume", {"queue": queue}, reason=reason, dry_run=dry_run)

    async def events(self):
        """Return what operators were told so far."""
        async with self.database.connection() as conn:
            found = await tail_store.between(conn, Position(), await tail_store.head(conn), sorted(OPERATOR_EVENTS), 1000)
        return [envelope for _, envelope in found]

    @asynccontextmanager
    async def work(self, handler, *names):
        """Run a worker whose jobs `names` all call `handler`."""
        stop = asyncio.Event()
        worker = Worker(self.database, self.queue, {(QUEUE, name): handler for name in names})
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task


@pytest.fixture(params=["postgres"])
async def bench(database, request):
    """The default backend; a test that is to pass on Redis too names both, as `BOTH` does."""
    board = PressureBoard(database)
    link = None if request.param == "postgres" else RedisLink(request.getfixturevalue(request.param).url, prefix=new_id())
    queue = BullmqPostgres(database, policies=QUEUES) if link is None else BullmqRedis(database, link, policies=QUEUES)
    yield Bench(database, queue, board, PressureMonitor(database, queue, board, thresholds=LOW))
    if link is not None:
        await link.close()
