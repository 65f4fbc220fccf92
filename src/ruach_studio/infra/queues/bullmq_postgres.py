"""Turn the JobQueue port into BullMQ on PostgreSQL: a job is enqueued inside the transaction that needed it.

A rollback leaves no job; a commit wakes the workers at once. The job's data carries the ids, so that BullBoard shows
them: {"correlationId", "automationId", "payload"}. worker.py takes the jobs out again.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.context import current, new_id, require_correlation_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.policy import QUEUES, QueuePolicy, policy_of
from ruach_studio.infra.queues.port import Counts, Execution
from ruach_studio.infra.queues.store import bullmq, dead_letters, executions
from ruach_studio.infra.tracing import traceparent
from ruach_studio.kernel.errors import BadInput, Conflict, NotFound

_MAX_PRIORITY = 2**21  # BullMQ's own bound


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
        await executions.insert(
            tx, job_id=execution.job_id, queue=execution.queue, name=execution.name, payload=execution.payload,
            automation_id=execution.automation_id, correlation_id=execution.correlation_id, attempt=execution.attempt,
            retry_of=execution.retry_of, priority=execution.priority, delay_s=delay_s,
            pausable=execution.pausable,
        )  # fmt: skip
        await bullmq.add_job(
            tx, queue=execution.queue, job_id=execution.job_id, name=execution.name, data=job_data(execution),
            priority=execution.priority, delay_s=delay_s,
        )  # fmt: skip

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
        await bullmq.remove_job(tx, execution.queue, job_id)
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
        await bullmq.remove_job(tx, policy.dlq, dlq_job_id(job_id))
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
        await bullmq.remove_job(tx, policy_of(queue, self.policies).dlq, dlq_job_id(job_id))

    async def counts(self, queue: str) -> Counts:
        """See JobQueue.counts."""
        async with self.database.connection() as conn:
            found = await bullmq.count_jobs(conn, queue)
        waiting, is_paused = found.pop("waiting"), found.pop("is_paused")
        return Counts(waiting=0 if is_paused else waiting, paused=waiting if is_paused else 0, **found)

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
