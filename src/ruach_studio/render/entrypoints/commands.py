"""Turn render's three recovery commands into entries of the registry: retry, resume, cancelAll."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import UUID4, Field

from ruach_studio.infra.commands import Call, Command
from ruach_studio.render.entrypoints.schemas import Wire
from ruach_studio.render.lifecycle import STEPS, Step
from ruach_studio.render.store import steps
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.cancel_job import cancel_automation
from ruach_studio.render.usecases.resume_session import resume_session
from ruach_studio.render.usecases.retry_job import retry_job
from ruach_studio.render.usecases.services import RenderServices


class RetryParams(Wire):
    """The dead or cancelled job."""

    render_job_id: UUID4


class ResumeParams(Wire):
    """The session whose renders stopped midway, and the step to go on from."""

    session_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    step: Literal["preflight", "render", "normalize", "upload"]


class CancelAllParams(Wire):
    """The batch."""

    automation_id: UUID4


def commands(services: RenderServices) -> list[Command[Any]]:
    """Return the commands with what runs them; each use case keeps its own transactions."""

    async def shown(found: Sequence[RenderJob], dry_run: bool, before: Step | None = None) -> Mapping[str, Any]:
        """Return the jobs that were made or ended; of a dry run the jobs as they are, and the steps that would be kept."""
        kept: dict[str, list[str]] = {}
        if dry_run:
            async with services.database.connection() as conn:
                for job in found:
                    done = await steps.done(conn, job.automation_id, job.format)
                    until = STEPS.index(before) if before else len(STEPS)
                    kept[job.render_job_id] = [step for step in STEPS[:until] if step in done]
        return {"jobs": [_shown(job, kept.get(job.render_job_id)) for job in found]}

    async def retry(call: Call[RetryParams]) -> Mapping[str, Any]:
        job_id = str(call.params.render_job_id)
        job = await retry_job(services, job_id, actor=call.actor, reason=call.reason, dry_run=call.dry_run)
        return await shown([job], call.dry_run)

    async def resume(call: Call[ResumeParams]) -> Mapping[str, Any]:
        params = call.params
        found = await resume_session(
            services, params.session_id, params.step, actor=call.actor, reason=call.reason, dry_run=call.dry_run
        )
        return await shown(found, call.dry_run, before=params.step)

    async def cancel_all(call: Call[CancelAllParams]) -> Mapping[str, Any]:
        automation_id = str(call.params.automation_id)
        found = await cancel_automation(services, automation_id, actor=call.actor, reason=call.reason, dry_run=call.dry_run)
        return await shown(found, call.dry_run)

    return [
        Command(
            "render.retry", "render", "Job in the dead-letter queue, root cause fixed",
            "Re-enqueues with a new renderJobId, same automationId. Logged with the operator's reason.",
            RetryParams, stepwise=retry, supports_dry_run=True,
        ),
        Command(
            "render.resume", "render", "Job stuck mid-pipeline (rendered, but the upload failed)",
            "Resumes from the named step; completed steps before it are skipped.", ResumeParams, stepwise=resume,
            supports_dry_run=True,
        ),
        Command(
            "render.cancelAll", "render", "Batch gone wrong, all of its format jobs must be aborted",
            "Moves all jobs of the automation to cancelled and cleans their temporary files.", CancelAllParams,
            stepwise=cancel_all, supports_dry_run=True,
        ),
    ]  # fmt: skip


def _shown(job: RenderJob, kept: Sequence[str] | None) -> Mapping[str, Any]:
    shown = {
        "renderJobId": job.render_job_id, "sessionId": job.session_id, "format": job.format, "status": job.state,
        "automationId": job.automation_id, "retryOf": job.retry_of,
    }  # fmt: skip
    return shown if kept is None else {**shown, "keptSteps": list(kept)}
