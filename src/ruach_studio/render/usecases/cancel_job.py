"""Turn an operator's "stop" into a cancelled job whose unfinished work is cleaned away."""

from contextlib import suppress

from ruach_studio.infra.context import bind
from ruach_studio.kernel.errors import NotFound
from ruach_studio.render.lifecycle import IllegalTransition
from ruach_studio.render.store import jobs
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.await_mezzanines import withdraw_mezzanines
from ruach_studio.render.usecases.clear_work import clear_if_over
from ruach_studio.render.usecases.services import RenderServices, work_folder


class AutomationNotFound(NotFound):
    """No render was ever asked for under this automationId."""

    code = "automation_not_found"


async def cancel_job(services: RenderServices, render_job_id: str, *, actor: str, reason: str) -> RenderJob:
    """Cancel a queued or running job. Raises RenderJobNotFound, IllegalTransition (it has ended)."""
    async with services.database.connection() as conn:
        before = await jobs.get(conn, render_job_id)
    with bind(automation_id=before.automation_id, render_job_id=render_job_id):
        async with services.database.transaction() as tx:
            await services.queue.cancel(tx, render_job_id)  # first: a failing execution locks in this order too
            await withdraw_mezzanines(tx, services, before)
            after = await jobs.move(tx, render_job_id, "cancelled", actor=actor, at=services.clock.now(), reason=reason)
    if before.state == "queued":  # a running job's worker cleans up after itself
        await clear_if_over(services, work_folder(services, before.automation_id, before.format))
    return after


async def cancel_automation(
    services: RenderServices, automation_id: str, *, actor: str, reason: str, dry_run: bool = False
) -> list[RenderJob]:
    """Cancel every job of an automation that has not ended, or comes meanwhile; return those. (`render.cancelAll`)

    With `dry_run` only return the jobs that would be cancelled. Raises AutomationNotFound.
    """
    cancelled: list[RenderJob] = []
    while True:
        async with services.database.connection() as conn:
            found = await jobs.of_automation(conn, automation_id)
        if not found:
            raise AutomationNotFound(subject=automation_id, remedy="Take the automationId that render-all answered with.")
        open_jobs = [job for job in found if job.state in ("queued", "processing")]
        if dry_run or not open_jobs:
            return open_jobs if dry_run else cancelled
        for job in open_jobs:
            with suppress(IllegalTransition):  # it has ended since; a retry of it is in the next list
                cancelled.append(await cancel_job(services, job.render_job_id, actor=actor, reason=reason))
