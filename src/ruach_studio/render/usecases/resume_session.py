"""Turn a session whose renders stopped midway into running jobs again, from a step that an operator names.

`render.resume`: each format whose newest job is in the dead letters gets a successor (new id, same automation). What was
recorded from the named step on is forgotten and done again; earlier steps are kept if their files still hold.
"""

from ruach_studio.kernel.errors import Conflict
from ruach_studio.render.lifecycle import STEPS, Step
from ruach_studio.render.store import jobs, steps
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.retry_job import retry_job
from ruach_studio.render.usecases.services import RenderServices


class NothingToResume(Conflict):
    """No render of this session has stopped midway."""

    code = "nothing_to_resume"


async def resume_session(
    services: RenderServices, session_id: str, step: Step, *, actor: str, reason: str, dry_run: bool = False
) -> list[RenderJob]:
    """Queue the successors and return them; with `dry_run` check only, and return the jobs that would get one.

    Raises NothingToResume, Malformed (no reason), AlreadyRendering.
    """
    async with services.database.connection() as conn:
        found = await jobs.of_session(conn, session_id)
    followed = {job.retry_of for job in found}  # what has a successor is not the newest, whatever the clock said
    newest: dict[str, RenderJob] = {}
    for job in found:
        if job.render_job_id not in followed:
            newest.setdefault(job.format, job)
    stopped = [job for job in newest.values() if job.state == "dead-letter"]
    if not stopped:
        raise NothingToResume(subject=f"session {session_id}", remedy="Look at its jobs; a running one needs no help.")
    resumed = []
    for job in stopped:
        if dry_run:
            resumed.append(await retry_job(services, job.render_job_id, actor=actor, reason=reason, dry_run=True))
            continue
        async with services.database.transaction() as tx:
            await steps.forget(tx, job.automation_id, job.format, STEPS[STEPS.index(step) :])
        resumed.append(await retry_job(services, job.render_job_id, actor=actor, reason=f"resume at {step}: {reason}"))
    return resumed
