"""Turn a dead or cancelled job into a new one: new id, same automation, so that finished steps are not done again."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.errors import Conflict, Malformed
from ruach_studio.render.lifecycle import checked_retry
from ruach_studio.render.store import jobs
from ruach_studio.render.store.jobs import NewJob, RenderJob
from ruach_studio.render.usecases.request_renders import enqueue
from ruach_studio.render.usecases.services import RenderServices


class AlreadyRendering(Conflict):
    """Another job for the same session, format and EDL version waits, works or is done."""

    code = "already_rendering"


async def retry_job(
    services: RenderServices, render_job_id: str, *, actor: str, reason: str, dry_run: bool = False
) -> RenderJob:
    """Queue the job's successor and return it; with `dry_run` check only, and return the job that would get one.

    Raises RenderJobNotFound, IllegalTransition, AlreadyRendering, Malformed (no reason).
    """
    if not reason.strip():
        raise Malformed("a retry needs a reason", subject="reason", remedy="Say what was fixed.")
    async with services.database.connection() as conn:
        old = await jobs.get(conn, render_job_id)
        if dry_run:
            checked_retry(render_job_id, old.state)
            if (other := await _live(conn, old)) is not None:
                raise _already(old, other)
            return old
    with bind(automation_id=old.automation_id, render_job_id=render_job_id):
        async with services.database.transaction() as tx:
            checked_retry(render_job_id, old.state)
            dead = old.state == "dead-letter"  # final, so that reading it before the lock is enough
            next_id = await services.queue.requeue(tx, render_job_id, actor=actor, reason=reason) if dead else new_id()
            successor = NewJob(
                next_id, old.session_id, old.format, old.edl_version, old.automation_id, old.critical, actor,
                retry_of=render_job_id, reason=reason,
                preset_sha256=old.preset_sha256,
            )  # fmt: skip
            job = await jobs.insert(tx, successor, services.clock.now())
            if job is None:
                raise _already(old, await _live(tx, old))
            if not dead:
                await enqueue(services, tx, job)
            await jobs.announce(tx, job)
    return job


async def _live(conn: AsyncConnection, old: RenderJob) -> RenderJob | None:
    return await jobs.live(conn, old.session_id, old.format, old.edl_version)


def _already(old: RenderJob, other: RenderJob | None) -> AlreadyRendering:
    """Name the other job; None if it ended while we looked."""
    subject = f"{old.format} of session {old.session_id}"
    if other is None:
        return AlreadyRendering(subject=subject, remedy="Try again.")
    return AlreadyRendering(
        f"job {other.render_job_id} for the same EDL version is {other.state}", subject=subject,
        remedy="Follow that job instead.", render_job_id=other.render_job_id,
    )  # fmt: skip
