"""Turn a render job into the formats of its automation that may share its decoding: those whose jobs wait or work.

Nobody shares a critical render, which must not wait for another's encoder, nor one while the queue is under pressure or
held, when all that counts is what comes first. A format that crops around subjects shares once its own preflight has said
where they stand.
"""

import asyncio
from collections.abc import Mapping, Sequence

from ruach_studio.infra.threads import in_long_thread
from ruach_studio.render.plan import RenderPlan, plan_render
from ruach_studio.render.ports import Beside, Others
from ruach_studio.render.store import jobs, steps
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.disk import has_room
from ruach_studio.render.usecases.read_presets import of_job
from ruach_studio.render.usecases.read_subjects import subjects_from
from ruach_studio.render.usecases.request_renders import QUEUE
from ruach_studio.render.usecases.services import RenderServices, work_folder

_OPEN = ("queued", "processing")


def waiting_formats(services: RenderServices, job: RenderJob, wire: Mapping[str, object], plan: RenderPlan) -> Others:
    """Return what tells, whenever it is asked, which formats may share the decoding of `job`, whose plan is `plan`."""
    plans: dict[str, RenderPlan] = {}

    async def planned(other: RenderJob) -> RenderPlan | None:
        if other.render_job_id not in plans:
            async with services.database.connection() as conn:
                preset = await of_job(conn, other)
                began = (await steps.done(conn, other.automation_id, other.format)).get("preflight")
            if preset.is_still or (preset.follows_subject and began is None):
                return None
            places = subjects_from(began.facts).places if began is not None else {}
            plans[other.render_job_id] = await in_long_thread(plan_render, wire, preset, places=places)
        return plans[other.render_job_id]

    async def others() -> Sequence[Beside]:
        pressure = await services.pressure.of(QUEUE)
        if job.critical or pressure.level != "normal" or pressure.paused_since is not None:
            return ()
        async with services.database.connection() as conn:
            found = [each for each in await jobs.of_automation(conn, job.automation_id) if each.state in _OPEN]
        beside = []
        for other in found:
            same = (other.session_id, other.edl_version) == (job.session_id, job.edl_version)
            shown = await planned(other) if same and other.format != job.format else None
            if shown is not None:
                beside.append(Beside(shown, work_folder(services, other.automation_id, other.format)))
        needed = [plan, *(each.plan for each in beside)]
        folder = work_folder(services, job.automation_id, job.format)
        return beside if await asyncio.to_thread(has_room, needed, folder) else ()

    return others
