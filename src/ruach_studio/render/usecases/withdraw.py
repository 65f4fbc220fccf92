"""Turn a job that will never be announced into nothing: its artifact and all that was stored beside it are removed."""

from collections.abc import Mapping
from typing import Any

from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.presets import Preset
from ruach_studio.render.sidecars import sidecars
from ruach_studio.render.store import jobs
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.keep_candidates import candidate_keys
from ruach_studio.render.usecases.services import RenderServices


def key_of(job: RenderJob, preset: Preset) -> str:
    """Return where a job's artifact lies in the store: renders/{sessionId}/{format}/{renderJobId}.{ext}."""
    return f"renders/{job.session_id}/{job.format}/{job.render_job_id}.{preset.extension}"


async def withdraw(services: RenderServices, plan: RenderPlan, key: str, facts: Mapping[str, Any]) -> None:
    """Delete the object `key`, the caption and chapter files of `plan` and the candidates that `facts` name."""
    beside = [f"{key.rpartition('.')[0]}.{each.name}" for each in sidecars(plan)]
    for name in dict.fromkeys([key, *beside, *candidate_keys(key, facts)]):
        await services.store.delete(name)


async def withdraw_unannounced(services: RenderServices, plan: RenderPlan, job: RenderJob, facts: Mapping[str, Any]) -> None:
    """Delete what earlier jobs of `job`'s chain stored and died before they could announce: nobody will ask for it."""
    async with services.database.connection() as conn:
        chain = await jobs.of_automation(conn, job.automation_id)
    for each in chain:
        if each.format == job.format and each.state in ("failed", "dead-letter"):
            await withdraw(services, plan, key_of(each, plan.preset), facts)
