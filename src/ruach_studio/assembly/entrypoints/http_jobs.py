"""Turn HTTP requests about a session's jobs into what they are: listed, followed while they run, cancelled."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header
from pydantic import Field
from starlette.responses import Response

from ruach_studio.assembly.entrypoints.http_edl import Operator, Reader
from ruach_studio.assembly.entrypoints.wire import Wire
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.usecases.await_job import await_job
from ruach_studio.assembly.usecases.cancel_job import JobEnded, cancel_job
from ruach_studio.assembly.usecases.list_jobs import find_job, list_jobs
from ruach_studio.infra.http import sse
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.queues import JobNotFound, follow
from ruach_studio.infra.queues.port import TERMINAL
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.ids import checked_uuid4


class JobStatusView(Wire):
    """One run of a job. `progress`: step, progress 0 to 1, etaSeconds, and for what listens a line per file."""

    job_id: str
    queue: str
    name: str
    state: str
    attempt: int
    retry_of: str | None
    automation_id: str | None
    progress: dict[str, Any] | None
    error: dict[str, Any] | None
    result: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "JobStatusView":
        """Return the view of an execution; of an error what a person can use, not the traceback."""
        fields = {name: row[name] for name in cls.model_fields if name not in ("job_id", "error")}
        return cls(job_id=row["id"], error=_error(row["error"]), **fields)


class JobCancel(Wire):
    """Why."""

    reason: str = Field(default="", max_length=500)


def job_id_of(job_id: str) -> str:
    """Return the path's job id; anything but a UUIDv4 is a 400."""
    return checked_uuid4(job_id, field="jobId")


JobId = Annotated[str, Depends(job_id_of)]


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes under /sessions/{session_id}/jobs."""
    missing = problem_responses(SessionNotFound, JobNotFound)

    @routes.get("/{session_id}/jobs", summary="List a session's jobs, newest first", responses=missing)
    async def listing(session_id: str, _operator: Reader) -> list[JobStatusView]:
        return [JobStatusView.of(row) for row in await list_jobs(services, session_id)]

    @routes.get("/{session_id}/jobs/{job_id}", summary="Show a job", responses=missing)
    async def show(_operator: Reader, session_id: str, job_id: JobId) -> JobStatusView:
        return JobStatusView.of(await find_job(services, session_id, job_id))

    @routes.get("/{session_id}/jobs/{job_id}/progress", summary="Stream a job's progress to its end",
                response_class=Response, responses=missing | {200: {"content": {"text/event-stream": {}}}})  # fmt: skip
    async def progress(
        _operator: Reader, session_id: str, job_id: JobId, last_event_id: Annotated[str | None, Header()] = None
    ) -> sse.EventStream:
        await find_job(services, session_id, job_id)
        return sse.stream(_events(services, session_id, job_id, sse.last_seen(last_event_id)))

    @routes.post("/{session_id}/jobs/{job_id}/cancel", summary="Cancel a job that has not ended",
                 responses=missing | problem_responses(JobEnded))  # fmt: skip
    async def cancel(operator: Operator, session_id: str, job_id: JobId, body: JobCancel | None = None) -> JobStatusView:
        reason = (body or JobCancel()).reason
        return JobStatusView.of(await cancel_job(services, session_id, job_id, actor=operator.actor, reason=reason))


async def _events(services: AssemblyServices, session_id: str, job_id: str, after: int) -> AsyncIterator[sse.SseEvent]:
    async for job in await_job(services, session_id, job_id):
        shown = {"jobId": job_id, "state": job["state"], "progress": None, "error": None, "result": None}
        yield sse.SseEvent("0", "progress", {**shown, "retriedAs": None, "held": False})
        if job["state"] in TERMINAL:
            return
    async with aclosing(follow(services.database, job_id, after)) as changes:  # type: ignore[type-var]
        async for seq, state in changes:
            yield sse.SseEvent(str(seq), "progress", {**state, "error": _error(state["error"])})


def _error(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if error is None else {key: value for key, value in error.items() if key != "traceback"}
