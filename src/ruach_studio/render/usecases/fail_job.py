"""Turn a failed execution into what happens to its render job, in the queue's own transaction.

A failure with a rung left: the job is `failed`, and a new job with a new id, `retryOf` it and the same automation is
queued. The last failure: `failed`, then `dead-letter`, and `render.failed` is announced. The working folder stays, so
that an operator's retry goes on after the last finished step.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.render import RenderFailed
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues.port import Execution, JobError
from ruach_studio.kernel.clock import Clock
from ruach_studio.render.store import artifacts, jobs
from ruach_studio.render.store.jobs import NewJob
from ruach_studio.render.triage import triage_of
from ruach_studio.render.usecases.process_job import WORKER, result_of


def triage(_execution: Execution, error: JobError) -> Mapping[str, Any] | None:
    """Name the playbook's cause for a dead render job; None where nobody knows one."""
    row = triage_of(error.code)
    return None if row is None else row.to_wire()


async def plan_retry(tx: AsyncConnection, failed: Execution, next_id: str, error: JobError, *, clock: Clock) -> None:
    """Close the failed job and write its successor's row."""
    now = clock.now()
    job = await jobs.get(tx, failed.job_id, lock=True)
    await jobs.move(tx, failed.job_id, "failed", actor=WORKER, at=now, reason=error.code, error=error.to_wire())
    successor = NewJob(
        next_id, job.session_id, job.format, job.edl_version, job.automation_id, job.critical, job.requested_by,
        attempt=failed.attempt + 1, retry_of=failed.job_id, reason=f"retry after {error.code}",
        preset_sha256=job.preset_sha256,
    )  # fmt: skip
    made = await jobs.insert(tx, successor, now)
    if made is not None:
        await jobs.announce(tx, made)


async def settled(tx: AsyncConnection, execution: Execution) -> Mapping[str, Any] | None:
    """Return the result of a job whose artifact is published, whatever befell its worker afterwards."""
    found = await artifacts.of_jobs(tx, [execution.job_id])
    return result_of(found[execution.job_id]) if execution.job_id in found else None


async def bury(tx: AsyncConnection, dead: Execution, error: JobError, *, clock: Clock) -> None:
    """Take the chain's last job to the dead letters and tell the others."""
    now = clock.now()
    await jobs.move(tx, dead.job_id, "failed", actor=WORKER, at=now, reason=error.code, error=error.to_wire())
    job = await jobs.move(tx, dead.job_id, "dead-letter", actor=WORKER, at=now, reason="no attempt is left")
    await publish(tx, RenderFailed(job.session_id, job.render_job_id, job.format, error.code, error.message))
