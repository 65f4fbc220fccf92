"""Turn a job into the key under which its artifact lies in the store: renders/{sessionId}/{format}/{renderJobId}.{ext}."""

from ruach_studio.render.presets import Preset
from ruach_studio.render.store import jobs
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.services import RenderServices


def key_of(job: RenderJob, preset: Preset) -> str:
    """Return where a job's artifact lies in the store."""
    return f"renders/{job.session_id}/{job.format}/{job.render_job_id}.{preset.extension}"


async def unannounced_keys(services: RenderServices, job: RenderJob, preset: Preset) -> list[str]:
    """Return where earlier jobs of this chain may have stored something and died before they could announce it."""
    async with services.database.connection() as conn:
        return [
            key_of(each, preset) for each in await jobs.of_automation(conn, job.automation_id)
            if each.format == job.format and each.state in ("failed", "dead-letter")
        ]  # fmt: skip
