"""Turn "stop that" into a job that has stopped and a session that can go on, in one transaction.

A waiting job is gone at once. A running one is told; its session is free at once all the same, and what the handler still
finishes finds a session that is not syncing any more and saves nothing. A job of render's is withdrawn by event: for this
pillar it is cancelled, and it stops when render hears of it.
"""

from typing import Any

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.fail_sync import fail_sync
from ruach_studio.assembly.usecases.free_sessions import SYNC_JOB, has_sync_job
from ruach_studio.assembly.usecases.list_jobs import TRANSCODING, find_job
from ruach_studio.assembly.usecases.withdraw_derivative import withdraw_derivative
from ruach_studio.infra.queues.port import TERMINAL
from ruach_studio.kernel.errors import Conflict


class JobEnded(Conflict):
    """The job has ended already."""

    code = "job_ended"


async def cancel_job(
    services: AssemblyServices, session_id: str, job_id: str, *, actor: str, reason: str = ""
) -> dict[str, Any]:
    """Cancel a session's job and return it. Raises SessionNotFound, JobNotFound, JobEnded (409)."""
    job = await find_job(services, session_id, job_id)
    if job["queue"] == TRANSCODING:
        if job["state"] in TERMINAL or not await withdraw_derivative(services, session_id, job, actor=actor, reason=reason):
            raise JobEnded(f"it is {job['state']}" if job["state"] in TERMINAL else "it is completed", subject=job_id)
        return await find_job(services, session_id, job_id)
    async with services.database.transaction() as tx:
        await sessions.get(tx, session_id, lock=True)
        if not await services.queue.cancel(tx, job_id):
            raise JobEnded(f"it is {job['state']}", subject=job_id)
        if job["name"] == SYNC_JOB and not await has_sync_job(tx, session_id):
            await fail_sync(tx, services, session_id, actor=actor, reason=reason or "the sync was cancelled")
    return await find_job(services, session_id, job_id)
