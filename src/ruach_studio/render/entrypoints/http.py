"""Turn HTTP requests into render's use cases. Operators only; static paths stand before `{job_id}`."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Path
from starlette.responses import Response

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.http import sse
from ruach_studio.infra.queues.progress import follow
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.ids import checked_uuid4
from ruach_studio.render.entrypoints.progress import shown
from ruach_studio.render.entrypoints.schemas import (
    BatchOut,
    CancelRequest,
    JobOut,
    ReasonRequest,
    RenderAllRequest,
    RetriedOut,
    TriggerRequest,
    batch_out,
    job_out,
    retried_out,
)  # fmt: skip
from ruach_studio.render.usecases.cancel_job import cancel_job
from ruach_studio.render.usecases.read_jobs import ShownJob, get_job, list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.retry_job import retry_job
from ruach_studio.render.usecases.services import RenderServices

Reader = Annotated[Principal, Depends(require("operator", scope="render:read"))]
Operator = Annotated[Principal, Depends(require("operator", scope="render:write"))]
SessionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


def job_id_of(job_id: str) -> str:
    """Return the path's job id; anything but a UUIDv4 is a 400."""
    return checked_uuid4(job_id, field="jobId")


JobId = Annotated[str, Depends(job_id_of)]


def router(services: RenderServices) -> Routes:
    """Return the routes under /render-jobs."""
    api = Routes(prefix="/render-jobs", tags=["render"])

    @api.post("/render-all/{session_id}", status_code=202)
    async def render_all(session_id: SessionId, operator: Operator, body: RenderAllRequest | None = None) -> BatchOut:
        """Queue all four formats of the session's locked EDL; asking again returns the same jobs."""
        asked = body or RenderAllRequest()
        found = await request_renders(
            services, session_id, actor=operator.actor, critical=asked.critical, edl_version=asked.edl_version
        )
        return batch_out(found, await services.queue.dispatch())

    @api.post("/trigger", status_code=202)
    async def trigger(body: TriggerRequest, operator: Operator) -> BatchOut:
        """Queue one format of a session's locked EDL."""
        found = await request_renders(
            services, body.session_id, [body.format], actor=operator.actor, critical=body.critical,
            edl_version=body.edl_version,
        )  # fmt: skip
        return batch_out(found, await services.queue.dispatch())

    @api.get("/session/{session_id}")
    async def of_session(_: Reader, session_id: SessionId) -> list[JobOut]:
        """List a session's render jobs, newest first."""
        return [job_out(each) for each in await list_jobs(services, session_id)]

    @api.get("/{job_id}")
    async def one(_: Reader, job_id: JobId) -> JobOut:
        """Show one render job and, once it is published, its artifact."""
        return job_out(await get_job(services, job_id))

    @api.get("/{job_id}/progress", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def progress(_: Reader, job_id: JobId, last_event_id: Annotated[str | None, Header()] = None) -> sse.EventStream:
        """Stream a job's progress; the stream ends with the job and goes on after Last-Event-ID."""
        await get_job(services, job_id)
        return sse.stream(_events(services, job_id, sse.last_seen(last_event_id)))

    @api.post("/{job_id}/cancel")
    async def cancel(operator: Operator, job_id: JobId, body: CancelRequest | None = None) -> JobOut:
        """Cancel a job that has not ended."""
        reason = (body or CancelRequest()).reason
        return job_out(ShownJob(await cancel_job(services, job_id, actor=operator.actor, reason=reason), None))

    @api.post("/{job_id}/retry", status_code=202)
    async def retry(operator: Operator, job_id: JobId, body: ReasonRequest) -> RetriedOut:
        """Start a dead or cancelled job anew: another id, the same automation."""
        job = await retry_job(services, job_id, actor=operator.actor, reason=body.reason)
        return retried_out(ShownJob(job, None), await services.queue.dispatch())

    return api


async def _events(services: RenderServices, job_id: str, after: int) -> AsyncIterator[sse.SseEvent]:
    changes = follow(services.database, job_id, after)
    try:
        async for seq, state in changes:
            yield sse.SseEvent(str(seq), "progress", shown(job_id, state))
    finally:
        close = getattr(changes, "aclose", None)
        if close is not None:
            await close()
