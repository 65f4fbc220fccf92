"""Turn the JobQueue port into BullMQ on PostgreSQL: a job is enqueued inside the transaction that needed it.

A rollback leaves no job; a commit wakes the workers at once. The job's data carries the ids, so that BullBoard shows
them: {"correlationId", "automationId", "payload"}. worker.py takes the jobs out again. The methods below "the way to BullMQ"
are what bullmq_redis.py does differently: there too the rows are in PostgreSQL and decide.
"""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

import bullmq as bull
from psycopg import AsyncConnection as Driver
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.context import current, new_id, require_correlation_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.bullmq_claims import Claim, claim_and_begin, close_between_statements, told_already
from ruach_studio.infra.queues.policy import QUEUES, QueuePolicy, policy_of
from ruach_studio.infra.queues.port import Counts, Dispatch, Execution
from ruach_studio.infra.queues.store import bullmq, dead_letters, executions, runs
from ruach_studio.infra.tracing import traceparent
from ruach_studio.kernel.errors import BadInput, Conflict, NotFound

_MAX_PRIORITY = 2**21  # BullMQ's own bound
# A job that comes wakes its worker at once. Looking again costs five statements a queue: twice a second it was a twelfth of
# a core, beside every request.
_DRAIN_DELAY_S = 5.0
# A claim, a renewal or an end that a crash of the server loses is made again: the execution row, which is on disk, decides.
_QUICK = " -c synchronous_commit=off"


class JobNotFound(NotFound):
    """There is no such job."""

    code = "job_not_found"


class NotDead(Conflict):
    """The job is not in a dead-letter queue."""

    code = "job_not_dead"


class BullmqPostgres:
    """The JobQueue on the database of `database`. `policies` are the specification's unless a test shortens the ladders."""

    def __init__(self, database: Database, *, policies: tuple[QueuePolicy, ...] = QUEUES) -> None:
        self.database = database
        self.policies = policies
        self._begun: dict[Claim, Execution] = {}
        self._told: set[Claim] = set()

    async def add(
        self, tx: AsyncConnection, queue: str, name: str, payload: Mapping[str, Any], *,
        job_id: str | None = None, automation_id: str | None = None, priority: int = 0, delay_s: float = 0.0,
        pausable: bool = False,
    ) -> str:  # fmt: skip
        """See JobQueue.add."""
        policy_of(queue, self.policies)
        if not 0 <= priority <= _MAX_PRIORITY or delay_s < 0:
            raise BadInput(f"priority {priority} or delay {delay_s} s is out of range", subject=queue)
        execution = Execution(
            job_id=job_id or new_id(), queue=queue, name=name, payload=payload,
            automation_id=automation_id or current().automation_id, correlation_id=require_correlation_id(), attempt=1,
            retry_of=None, priority=priority, state="queued", starts=0, error=None, result=None,
            pausable=pausable,
        )  # fmt: skip
        await self.enqueue(tx, execution, delay_s=delay_s)
        return execution.job_id

    async def enqueue(self, tx: AsyncConnection, execution: Execution, *, delay_s: float) -> None:
        """Write the row of `execution` and its job."""
        await bullmq.add_new(tx, execution, job_data(execution), delay_s=delay_s)

    async def dispatch(self) -> Dispatch:
        """See JobQueue.dispatch."""
        return "queued"

    async def retry(self, tx: AsyncConnection, failed: Execution, *, attempt: int, delay_s: float) -> str:
        """Enqueue the successor of `failed`: new id, same automation and payload, `retry_of` it. Returns the new id."""
        next_one = replace(failed, job_id=new_id(), attempt=attempt, retry_of=failed.job_id)
        await self.enqueue(tx, next_one, delay_s=delay_s)
        return next_one.job_id

    async def cancel(self, tx: AsyncConnection, job_id: str) -> bool:
        """See JobQueue.cancel."""
        execution = await executions.get(tx, job_id, lock=True)
        if execution is None:
            raise JobNotFound(subject=job_id)
        if not await executions.finish(tx, job_id, "cancelled"):
            return False
        await self.withdraw(tx, execution.queue, job_id)
        await executions.announce_cancel(tx, job_id)
        return True

    async def requeue(self, tx: AsyncConnection, job_id: str, *, actor: str, reason: str) -> str:
        """See JobQueue.requeue."""
        dead = await executions.get(tx, job_id, lock=True)
        if dead is None:
            raise JobNotFound(subject=job_id)
        resolution = f"requeued: {reason}"
        if dead.state != "dead-letter" or not await dead_letters.resolve(
            tx, kind="job", source_id=job_id, actor=actor, resolution=resolution
        ):
            raise NotDead(f"it is {dead.state}, or was requeued before", subject=job_id)
        policy = policy_of(dead.queue, self.policies)
        await self.withdraw(tx, policy.dlq, dlq_job_id(job_id))
        return await self.retry(tx, dead, attempt=1, delay_s=0.0)

    async def release(self, tx: AsyncConnection, queue: str) -> int:
        """See JobQueue.release."""
        return await bullmq.unpark(tx, queue)

    async def settle(self, tx: AsyncConnection, queue: str, job_id: str, *, actor: str, resolution: str) -> bool:
        """See JobQueue.settle."""
        settled = await dead_letters.resolve(
            tx, kind="job", queue=queue, source_id=job_id, actor=actor, resolution=resolution
        )
        if settled:
            await self.forget_dead(tx, queue, job_id)
        return settled

    async def forget_dead(self, tx: AsyncConnection, queue: str, job_id: str) -> None:
        """Take a dead job whose letter is resolved out of its dead-letter queue."""
        await self.withdraw(tx, policy_of(queue, self.policies).dlq, dlq_job_id(job_id))

    async def counts(self, queue: str) -> Counts:
        """See JobQueue.counts."""
        async with self.database.connection() as conn:
            found = await bullmq.count_jobs(conn, queue)
        waiting, is_paused = found.pop("waiting"), found.pop("is_paused")
        return Counts(waiting=0 if is_paused else waiting, paused=waiting if is_paused else 0, **found)

    async def paused_among(self, queues: Sequence[str]) -> frozenset[str]:
        """See JobQueue.paused_among."""
        async with self.database.connection() as conn:
            return await bullmq.paused_among(conn, queues)

    async def pause(self, queue: str) -> None:
        """See JobQueue.pause."""
        await self._set_paused(queue, True)

    async def resume(self, queue: str) -> None:
        """See JobQueue.resume."""
        await self._set_paused(queue, False)

    async def remove(self, queue: str, job_id: str) -> bool:
        """See JobQueue.remove."""
        async with self.database.transaction() as tx:
            await executions.get(tx, job_id, lock=True)
            removed = await bullmq.remove_job(tx, queue, job_id)
            if removed:
                await executions.finish(tx, job_id, "cancelled")
        return removed

    async def _set_paused(self, queue: str, paused: bool) -> None:
        policy_of(queue, self.policies)
        async with self.database.transaction() as tx:
            await bullmq.set_paused(tx, queue, paused)

    # The way to BullMQ.

    async def put(
        self, tx: AsyncConnection, *, queue: str, job_id: str, name: str, data: Mapping[str, Any], priority: int,
        delay_s: float,
    ) -> None:  # fmt: skip
        """Hand a job of a dead-letter queue to BullMQ when `tx` commits."""
        await bullmq.add_job(tx, queue=queue, job_id=job_id, name=name, data=data, priority=priority, delay_s=delay_s)

    async def withdraw(self, tx: AsyncConnection, queue: str, job_id: str) -> None:
        """Take a job that no worker holds out of BullMQ when `tx` commits."""
        await bullmq.remove_job(tx, queue, job_id)

    async def give_back(self, tx: AsyncConnection, queue: str, job_id: str, token: str) -> None:
        """Put a job that this process holds under `token` back among the waiting ones."""
        await bullmq.give_back(tx, queue, job_id, token)

    async def park(self, tx: AsyncConnection, queue: str, job_id: str, token: str) -> None:
        """Set a job that this process holds under `token` aside, for `release`."""
        await bullmq.park(tx, queue, job_id, token)

    async def hush(self, conn: Driver, queues: Sequence[str]) -> None:
        """As long as `conn` lives, keep BullMQ from a notice of each claim and each end, which nobody here listens to."""
        await bullmq.hush(conn, queues)

    def begun(self, job_id: str, token: str) -> Execution | None:
        """Return, once, the execution whose run began with the claim of its job; None if it has still to begin."""
        return self._begun.pop((job_id, token), None)

    async def end(self, run: Execution, token: str, result: Mapping[str, Any] | None) -> bool:
        """End a run as completed in one statement; False if it takes more, or is not ours."""
        async with self.database.driver() as conn:
            ended = await runs.end_both(conn, run, token, result)
        if ended:
            self._told.add((run.job_id, token))
        return ended

    async def left_active(self, queues: Sequence[str]) -> list[tuple[str, str, int, str]]:
        """Return (job id, queue, starts, token of BullMQ's lock) of active jobs that have ended or whose process is dead."""
        async with self.database.connection() as conn:
            return await executions.left_active(conn, queues)

    async def end_lock(self, queue: str, job_id: str, token: str) -> bool:
        """End the lock of a job left active, so that BullMQ's next check hands it on; False if another holds it now."""
        async with self.database.transaction() as tx:
            return await bullmq.expire_lock(tx, queue, job_id, token)

    async def orphans(self, queues: Sequence[str]) -> list[tuple[str, str]]:
        """Return (job id, fact) of open executions that BullMQ gave up or lost."""
        async with self.database.connection() as conn:
            return await executions.orphans(conn, queues)

    async def prepare(self, policies: Sequence[QueuePolicy]) -> None:
        """Tell BullMQ how many jobs of each queue may run at once, over all processes."""
        async with self.database.transaction() as tx:
            for policy in policies:
                await bullmq.set_concurrency(tx, policy.name, policy.concurrency)

    def bull_worker(self, name: str, process: Any, options: Mapping[str, Any]) -> bull.Worker:
        """Return BullMQ's worker of queue `name`, not yet running. `options` are those that no backend changes."""
        where = {"backend": "postgres", "connection": self.database.dsn, "drainDelay": _DRAIN_DELAY_S}
        worker = bull.Worker(name, process, {**options, **where})
        worker.backend.connection._options += _QUICK  # the address's own are not asked: bullmq 3.4.4 gives its own instead
        claim_and_begin(worker.backend, self._begun)
        told_already(worker.backend, self._told)
        close_between_statements(worker.backend.connection)
        return worker

    def attendants(self) -> list[Coroutine[Any, Any, None]]:
        """Return what has to run beside every worker, until cancelled; here nothing."""
        return []


def dlq_job_id(job_id: str) -> str:
    """Return the id under which a dead job stands in its dead-letter queue."""
    return f"dlq-{job_id}"


def job_data(execution: Execution) -> dict[str, Any]:
    """Return the data of an execution's BullMQ job: the ids of the request beside the payload."""
    data = {
        "correlationId": execution.correlation_id, "automationId": execution.automation_id,
        "attempt": execution.attempt, "retryOf": execution.retry_of, "payload": dict(execution.payload),
    }  # fmt: skip
    parent = traceparent()
    return data if parent is None else data | {"traceparent": parent}
