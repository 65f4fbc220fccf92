"""Turn HTTP requests for proxies, peaks and thumbnails into jobs, rows and bytes (with ranges, for players that seek)."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import status
from pydantic import Field
from starlette.responses import Response

from ruach_studio.assembly.entrypoints.http_edl import Operator, Reader
from ruach_studio.assembly.entrypoints.wire import Wire
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.usecases.request_derivatives import (
    CameraNotFound,
    ClipDerivative,
    DerivativeNotFound,
    find_file,
    list_derivatives,
    request_derivatives,
)
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.queues.port import Dispatch
from ruach_studio.infra.routes import Routes
from ruach_studio.infra.storage.local_disk import OpenObject
from ruach_studio.infra.storage.port import StoredObject
from ruach_studio.infra.storage.ranges import ObjectResponse
from ruach_studio.kernel.derivative import KINDS, Kind

PRIVATE = "private, max-age=31536000, immutable"  # its address names what it was made of, and only staff may read it


class DerivativeRequest(Wire):
    """What to make; by default everything of every camera."""

    kinds: list[Kind] = Field(default_factory=lambda: list(KINDS))
    camera_id: str | None = None


class DerivativeView(Wire):
    """One kind of one clip. `state`: absent, queued, running, ready, failed, cancelled, or missing (the source is gone)."""

    camera_id: str
    clip_index: int
    kind: str
    derivative_id: str | None
    state: str
    job_id: str | None
    facts: dict[str, Any]
    urls: dict[str, str]
    error: dict[str, Any] | None

    @classmethod
    def of(cls, session_id: str, each: ClipDerivative) -> "DerivativeView":
        """Return the view; `urls` by file name, once it is ready."""
        row = each.row
        state = "missing" if each.name is None else "absent" if row is None else row.state
        facts: Mapping[str, Any] = row.facts if row is not None and state == "ready" else {}
        base = f"/sessions/{session_id}/derivatives/{each.name}"
        urls = {file["name"]: f"{base}/{file['name']}" for file in facts.get("files", ())}
        return cls(
            camera_id=each.camera_id, clip_index=each.clip_index, kind=each.kind, derivative_id=each.name, state=state,
            job_id=row.job_id if row else None, facts=dict(facts), urls=urls,
            error=dict(row.error) if row and row.error else None,
        )  # fmt: skip


class AskedDerivativeView(DerivativeView):
    """One that was asked for. `dispatch` is `pending` while the queues' Redis is away: it starts when that is back."""

    dispatch: Dispatch = "queued"


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes under /sessions/{session_id}/derivatives."""
    missing = problem_responses(SessionNotFound, DerivativeNotFound)

    @routes.post("/{session_id}/derivatives", summary="Make proxies, peaks and thumbnails of a session's footage",
                 status_code=status.HTTP_202_ACCEPTED,
                 responses=problem_responses(SessionNotFound, CameraNotFound))  # fmt: skip
    async def ask(session_id: str, operator: Operator, body: DerivativeRequest | None = None) -> list[AskedDerivativeView]:
        asked = body or DerivativeRequest()
        made = await request_derivatives(
            services, session_id, kinds=asked.kinds, camera_id=asked.camera_id, actor=operator.actor
        )
        dispatch = await services.queue.dispatch()
        return [AskedDerivativeView(**dict(DerivativeView.of(session_id, each)), dispatch=dispatch) for each in made]

    @routes.get("/{session_id}/derivatives", summary="List proxies, peaks and thumbnails with their states",
                responses=problem_responses(SessionNotFound))  # fmt: skip
    async def listing(session_id: str, _operator: Reader) -> list[DerivativeView]:
        return [DerivativeView.of(session_id, each) for each in await list_derivatives(services, session_id)]

    async def read(session_id: str, derivative_id: str, file_name: str, _operator: Reader) -> Response:
        path, facts = await find_file(services, session_id, derivative_id, file_name)
        return ObjectResponse(await asyncio.to_thread(_opened, path, facts))

    for method in ("GET", "HEAD"):
        routes.add_api_route(
            "/{session_id}/derivatives/{derivative_id}/{file_name}", read, methods=[method], response_class=Response,
            summary="Read a file of a derivative", responses=missing, operation_id=f"{method.lower()}Derivative",
        )  # fmt: skip


def _opened(path: Path, facts: Mapping[str, Any]) -> OpenObject:
    file = path.open("rb")
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    stored = StoredObject(path.name, "", int(facts["sizeBytes"]), facts["sha256"], facts["contentType"], PRIVATE, at)
    return OpenObject(stored, file)
