"""Turn what a crash leaves behind into an ordinary continuation: nothing stays "running" that does not run.

A worker process proves that it lives by a session lock in PostgreSQL, which its death releases at once. A job
whose claim's process was found dead twice in a row gets its lock ended, so that BullMQ's next check (5 s) hands the job
to a living worker under the same id, not after the 30 s of the lock (Redis: 10 minutes). So does one that has ended while
BullMQ, which missed the word of it in a crash, still counts it as active: it would hold a place in its queue. A job that
BullMQ itself gave up ("stalled more than allowable") or that vanished goes the way of any failure: ladder, then
dead-letter queue. Pillars mend their own rows in the same round (`HandlerHooks.on_sweep`).
"""

import asyncio
from collections.abc import Sequence

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.failure import STALLED, Hooks, record_failure
from ruach_studio.infra.queues.ids import bind_execution
from ruach_studio.infra.queues.port import JobError, OnSweep
from ruach_studio.infra.queues.store import executions
from ruach_studio.kernel.errors import Unavailable

SWEEP_EVERY_S = 2.0

log = get_logger(__name__)


class Sweeper:
    """Looks after the executions of `queues`. Any number may sweep at once: every step is idempotent."""

    def __init__(self, database: Database, queue: BullmqPostgres, hooks: Hooks, queues: Sequence[str]) -> None:
        self._database = database
        self._queue = queue
        self._hooks = hooks
        self._queues = tuple(queues)
        self._suspects: set[tuple[str, str, int, str]] = set()

    async def run(self) -> None:
        """Sweep every 2 s until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.sweep()
            except Unavailable as error:
                log.warning("sweep.delayed", message=str(error))

    async def sweep(self) -> int:
        """Look once; return how many jobs were put back or failed."""
        left = set(await self._queue.left_active(self._queues))
        orphans = await self._queue.orphans(self._queues)
        confirmed, self._suspects = left & self._suspects, left
        for job_id, queue, _starts, token in sorted(confirmed):
            if await self._queue.end_lock(queue, job_id, token):
                async with self._database.connection() as conn:
                    execution = await executions.get(conn, job_id)
                if execution is not None:
                    with bind_execution(execution):
                        log.warning("job.orphaned", job=job_id, queue=queue)
        for job_id, fact in orphans:
            await self._fail(job_id, fact)
        for (queue, name), hook in self._hooks.items():
            if hook.on_sweep is not None and queue in self._queues:
                with bind(correlation_id=new_id(), anew=True):
                    await self._mend(queue, name, hook.on_sweep)
        return len(confirmed) + len(orphans)

    async def _mend(self, queue: str, name: str, on_sweep: OnSweep) -> None:
        try:
            await on_sweep()
        except Unavailable:
            raise
        except Exception:  # as below: one pillar's fault is not the others'
            log.exception("sweep.mend.failed", queue=queue, job_name=name)

    async def _fail(self, job_id: str, fact: str) -> None:
        async with self._database.connection() as conn:
            execution = await executions.get(conn, job_id)
        if execution is None:
            return
        with bind_execution(execution):
            try:
                async with self._database.transaction() as tx:
                    await record_failure(tx, self._queue, self._hooks, job_id, JobError(STALLED, fact, retryable=True))
            except Unavailable:
                raise
            except Exception:  # one pillar's broken hook must not keep the others' jobs from being looked after
                log.exception("sweep.job.failed", job=job_id)
