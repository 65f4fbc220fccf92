"""Turn "render all" (or one format) into queued jobs, once per session, format and EDL version.

All jobs of one request share one new automation id and are written, enqueued and audited in one transaction. Where a job
for a key already waits, works or is done, that one is returned and nothing is made, however many ask at once. A job names
the content of its format by hash, so that a preset which changes later changes nothing that was asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues.pressure import refuse_if_shedding
from ruach_studio.kernel.errors import Conflict
from ruach_studio.render.presets import FORMATS
from ruach_studio.render.store import edls, jobs, presets
from ruach_studio.render.store.jobs import NewJob, RenderJob
from ruach_studio.render.usecases.await_locked_edl import await_locked_edl
from ruach_studio.render.usecases.guard_lambda import refuse_if_closed
from ruach_studio.render.usecases.read_presets import named
from ruach_studio.render.usecases.services import RenderServices

QUEUE, JOB_NAME = "render-jobs", "render"
# The programme first; a still is quick and can wait. An operator's critical render overtakes all.
PRIORITY = {"full_16_9": 1, "short_9_16": 2, "clip_1_1": 3, "thumbnail": 3}
CRITICAL_PRIORITY, ADDED_PRIORITY = 0, 3
ESSENTIAL = frozenset({"full_16_9"})  # all else is held while backpressure pauses the queue


class RenderRace(Conflict):
    """The job for this format ended while it was looked up."""

    code = "render_race"
    retryable = True


@dataclass(frozen=True, slots=True)
class Requested:
    """One format's job, and whether this request made it."""

    job: RenderJob
    created: bool


async def request_renders(
    services: RenderServices,
    session_id: str,
    formats: Sequence[str] = FORMATS,
    *,
    actor: str,
    critical: bool = False,
    edl_version: int | None = None,
) -> list[Requested]:
    """Queue `formats` of a session's locked EDL (default: its newest). Standard formats come first, in their order.

    While the queue sheds, only an operator's critical renders are taken, before anything is looked up. An EDL that was
    locked a moment ago is waited for. Raises Shedding, UnknownFormat, NoLockedEdl, EdlOnItsWay; on Lambda RenderingDisabled
    and CostCapExceeded.
    """
    if not critical:
        refuse_if_shedding(await services.pressure.of(QUEUE))
    await await_locked_edl(services, session_id, edl_version)
    automation_id = new_id()
    with bind(automation_id=automation_id):
        async with services.database.transaction() as tx:
            await refuse_if_closed(services, tx)
            ordered = await named(tx, formats)
            version = (await edls.get(tx, session_id, edl_version)).version
            found = []
            for preset in ordered:
                asked = NewJob(
                    new_id(), session_id, preset.name, version, automation_id, critical, actor,
                    preset_sha256=await presets.keep(tx, preset),
                )  # fmt: skip
                found.append(await _one(services, tx, asked))
            for each in found:
                if each.created:
                    await enqueue(services, tx, each.job)
            for each in found:
                if each.created:
                    await jobs.announce(tx, each.job)
    return found


async def enqueue(services: RenderServices, tx: AsyncConnection, job: RenderJob) -> None:
    """Put a queued job's execution on the render queue, under the job's own id."""
    payload = {"sessionId": job.session_id, "format": job.format, "edlVersion": job.edl_version}
    priority = CRITICAL_PRIORITY if job.critical else PRIORITY.get(job.format, ADDED_PRIORITY)
    await services.queue.add(
        tx, QUEUE, JOB_NAME, payload, job_id=job.render_job_id, automation_id=job.automation_id, priority=priority,
        pausable=not job.critical and job.format not in ESSENTIAL,
    )  # fmt: skip


async def _one(services: RenderServices, tx: AsyncConnection, asked: NewJob) -> Requested:
    job = await jobs.insert(tx, asked, services.clock.now())
    if job is not None:
        return Requested(job, created=True)
    live = await jobs.live(tx, asked.session_id, asked.format, asked.edl_version)
    if live is None:
        raise RenderRace(subject=asked.format, remedy="Ask again.")
    return Requested(live, created=False)
