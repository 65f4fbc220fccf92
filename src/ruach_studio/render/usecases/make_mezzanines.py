"""Turn a job `mezzanine` of media-transcoding into the pieces of one file that a render waits for.

It makes what is missing and nobody makes, and ends; it never waits for another maker. A render that has gone on or ended
wants nothing more. What fails here, the render makes itself and fails with the cause: so there is no second try.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.media import resolve_under
from ruach_studio.infra.queues.port import JobContext
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import Cancelled, RuachError
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.ports import ReadsMezzanines, RemotionRunner
from ruach_studio.render.store import edls, jobs, steps
from ruach_studio.render.usecases.disk import disk_errors
from ruach_studio.render.usecases.read_presets import of_job
from ruach_studio.render.usecases.read_subjects import subjects_from
from ruach_studio.render.usecases.services import RenderServices, mezzanine_folder

log = get_logger(__name__)


async def make_mezzanines(
    services: RenderServices, runner: RemotionRunner, context: JobContext, payload: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Run the job and return how many pieces it made. Raises PathRefused, Cancelled, and what making a piece raises."""
    job_id, path = str(payload["renderJobId"]), str(payload["path"])
    try:
        resolve_under(path, services.settings.media_roots)
        return {"pieces": await _make(services, runner, context, job_id, path)}
    except Cancelled:
        raise
    except (RuachError, OSError) as error:
        log.warning("mezzanine.failed", source=path, message=str(error))  # its ids are bound
        raise


async def _make(services: RenderServices, runner: RemotionRunner, context: JobContext, job_id: str, path: str) -> int:
    plan = await _plan(services, job_id, path) if isinstance(runner, ReadsMezzanines) else None
    if plan is None or not isinstance(runner, ReadsMezzanines):
        return 0
    folder, made = mezzanine_folder(services, str(context.automation_id)), 0
    with disk_errors(folder):
        pieces = await runner.mezzanines(plan, folder)
        more = True
        while more:  # once again, since who only looked at a claim may have kept us from it
            before = made
            for piece in pieces:
                if not piece.is_there() and await _is_wanted(services, job_id):
                    made += await piece.make(context.cancelled) == "made"
            more = made > before
    return made


async def _plan(services: RenderServices, job_id: str, path: str) -> RenderPlan | None:
    """Return what the render shows of the file; None if it has ended or gone on, or shows nothing of it."""
    async with services.database.connection() as conn:
        job = await jobs.get(conn, job_id)
        wire = (await edls.get(conn, job.session_id, job.edl_version)).wire
        preset = await of_job(conn, job)
        began = (await steps.done(conn, job.automation_id, job.format)).get("preflight")
    if job.state != "processing" or began is None:
        return None
    plan = await in_long_thread(plan_render, wire, preset, places=subjects_from(began.facts).places)
    shown = tuple(each for each in plan.segments if each.clip is not None and each.clip.path == path)
    return replace(plan, segments=shown) if shown else None


async def _is_wanted(services: RenderServices, job_id: str) -> bool:
    async with services.database.connection() as conn:
        return (await jobs.get(conn, job_id)).state == "processing"
