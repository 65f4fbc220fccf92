"""Turn a session or a job id into what can be shown of its renders: the job and, once published, its artifact."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.queues import held_among
from ruach_studio.render.store import artifacts, candidates, jobs
from ruach_studio.render.store.artifacts import ArtifactRow
from ruach_studio.render.store.candidates import CandidateRow
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.services import RenderServices


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job and its artifact, if it has one. `chosen` is the picture that an operator took instead of the rule's.

    `held`: it waits for an operator to resume the queue, not for a worker.
    """

    job: RenderJob
    artifact: ArtifactRow | None
    chosen: CandidateRow | None = None
    held: bool = False


async def get_job(services: RenderServices, render_job_id: str) -> ShownJob:
    """Return one job. Raises RenderJobNotFound."""
    async with services.database.connection() as conn:
        job = await jobs.get(conn, render_job_id)
        taken = await candidates.chosen(conn, [render_job_id])
        published = await artifacts.of_jobs(conn, [render_job_id])
        held = await _held(conn, [job])
    return ShownJob(job, published.get(render_job_id), taken.get(render_job_id), bool(held))


async def list_jobs(services: RenderServices, session_id: str) -> list[ShownJob]:
    """Return a session's jobs, newest first; an unknown session has none."""
    async with services.database.connection() as conn:
        found = await jobs.of_session(conn, session_id)
        published = await artifacts.of_jobs(conn, [job.render_job_id for job in found])
        taken = await candidates.chosen(conn, list(published))
        held = await _held(conn, found)
    return [
        ShownJob(job, published.get(job.render_job_id), taken.get(job.render_job_id), job.render_job_id in held)
        for job in found
    ]


async def _held(conn: AsyncConnection, found: Sequence[RenderJob]) -> frozenset[str]:
    waiting = [job.render_job_id for job in found if job.state == "queued"]
    return await held_among(conn, waiting) if waiting else frozenset()
