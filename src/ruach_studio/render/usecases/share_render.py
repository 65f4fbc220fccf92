"""Turn one long render into work for several workers with one disk: ask for help, and help.

Off by default (`RUACH_RENDER_HELPERS`). Whoever renders asks for as many helpers as set, then renders as ever: it encodes
each chunk that nobody has claimed and waits for those that somebody has, so helpers that never come cost nothing. A
helper encodes from the end what is not begun, and goes. Joining is the render's alone. Helpers come after every render
in the queue.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.queues.port import Execution, JobContext
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.render.plan import plan_render
from ruach_studio.render.ports import RemotionRunner, SharesWork
from ruach_studio.render.store import edls, jobs, steps
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.read_presets import of_job
from ruach_studio.render.usecases.read_subjects import subjects_from
from ruach_studio.render.usecases.request_renders import QUEUE
from ruach_studio.render.usecases.services import RenderServices, work_folder
from ruach_studio.render.usecases.waiting_formats import waiting_formats

CHUNK_JOB = "render-chunk"
PRIORITY = 2_000  # a larger number is later: no render waits for a helper
LEAST_SHARED_S = 120.0  # shorter programmes are done before a helper has read the footage


async def ask_for_help(services: RenderServices, runner: RemotionRunner, job: RenderJob, duration_s: float) -> int:
    """Queue the helpers of `job` and return how many."""
    count = services.settings.render_helpers
    if not count or not isinstance(runner, SharesWork) or duration_s < LEAST_SHARED_S:
        return 0
    async with services.database.transaction() as tx:
        for _ in range(count):
            payload = {"renderJobId": job.render_job_id}
            await services.queue.add(tx, QUEUE, CHUNK_JOB, payload, automation_id=job.automation_id, priority=PRIORITY)
    return count


async def render_goes_on(_tx: AsyncConnection, _execution: Execution) -> Mapping[str, Any]:
    """Say that a helper that failed needs no second try and no operator: the render itself makes what is missing."""
    return {"helped": False}


async def help_render(
    services: RenderServices, runner: RemotionRunner, context: JobContext, payload: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Encode what the render has not begun; nothing if it has ended meanwhile."""
    async with services.database.connection() as conn:
        job = await jobs.get(conn, str(payload["renderJobId"]))
        wire = (await edls.get(conn, job.session_id, job.edl_version)).wire
        preset = await of_job(conn, job)
        began = (await steps.done(conn, job.automation_id, job.format)).get("preflight")
    if job.state != "processing" or began is None or not isinstance(runner, SharesWork):
        return {"chunks": 0}
    folder = work_folder(services, job.automation_id, job.format)
    places = subjects_from(began.facts).places
    plan = await in_long_thread(plan_render, wire, preset, places=places)  # the very plan of the render
    others = waiting_formats(services, job, wire, plan)
    return {"chunks": await runner.assist(plan, folder, context.cancelled, others)}
