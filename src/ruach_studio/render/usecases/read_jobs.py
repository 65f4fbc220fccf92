"""Turn a session or a job id into what can be shown of its renders: the job and, once published, its artifact."""

from dataclasses import dataclass

from ruach_studio.render.store import artifacts, candidates, jobs
from ruach_studio.render.store.artifacts import ArtifactRow
from ruach_studio.render.store.candidates import CandidateRow
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.services import RenderServices


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job and its artifact, if it has one. `chosen` is the picture that an operator took instead of the rule's."""

    job: RenderJob
    artifact: ArtifactRow | None
    chosen: CandidateRow | None = None


async def get_job(services: RenderServices, render_job_id: str) -> ShownJob:
    """Return one job. Raises RenderJobNotFound."""
    async with services.database.connection() as conn:
        job = await jobs.get(conn, render_job_id)
        taken = await candidates.chosen(conn, [render_job_id])
        return ShownJob(job, (await artifacts.of_jobs(conn, [render_job_id])).get(render_job_id), taken.get(render_job_id))


async def list_jobs(services: RenderServices, session_id: str) -> list[ShownJob]:
    """Return a session's jobs, newest first; an unknown session has none."""
    async with services.database.connection() as conn:
        found = await jobs.of_session(conn, session_id)
        published = await artifacts.of_jobs(conn, [job.render_job_id for job in found])
        taken = await candidates.chosen(conn, list(published))
    return [ShownJob(job, published.get(job.render_job_id), taken.get(job.render_job_id)) for job in found]
