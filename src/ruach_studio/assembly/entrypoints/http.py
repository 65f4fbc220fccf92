"""Turn HTTP requests about sessions, footage and sync into use cases. Every route asks for the role operator."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, status

from ruach_studio.assembly.entrypoints import (
    http_derivatives,
    http_edl,
    http_energy,
    http_exchange,
    http_jobs,
    http_speakers,
    http_transcripts,
    http_versions,
)
from ruach_studio.assembly.entrypoints.http_edl import Operator, Reader
from ruach_studio.assembly.entrypoints.wire import (
    AssetView,
    JobView,
    NewAsset,
    NewSession,
    SessionView,
    SyncApproval,
    SyncCorrection,
    SyncRequest,
)
from ruach_studio.assembly.entrypoints.wire_sync import SyncView
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import BadSession
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.store.syncs import SyncNotFound
from ruach_studio.assembly.usecases.add_camera import CameraExists, add_camera
from ruach_studio.assembly.usecases.approve_sync import SyncVersionConflict, approve_sync
from ruach_studio.assembly.usecases.correct_sync import Correction, correct_sync
from ruach_studio.assembly.usecases.create_session import SessionExists, create_session
from ruach_studio.assembly.usecases.request_sync import request_sync
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.media import BadMedia, PathRefused
from ruach_studio.infra.routes import Routes

PAGE_MAX = 200


def router(services: AssemblyServices) -> Routes:
    """Return the routes of this pillar, under /sessions."""
    routes = Routes(prefix="/sessions", tags=["assembly"])
    _add_sessions(routes, services)
    _add_assets(routes, services)
    _add_sync(routes, services)
    http_edl.add(routes, services)
    http_edl.add_review(routes, services)
    http_versions.add(routes, services)
    http_speakers.add(routes, services)
    http_transcripts.add(routes, services)
    http_exchange.add(routes, services)
    http_jobs.add(routes, services)
    http_derivatives.add(routes, services)
    http_energy.add(routes, services)
    return routes


def _add_sessions(routes: Routes, services: AssemblyServices) -> None:
    @routes.post("", summary="Make a session", status_code=status.HTTP_201_CREATED,
                 responses=problem_responses(SessionExists))  # fmt: skip
    async def create(body: NewSession, operator: Operator) -> SessionView:
        return SessionView.of(
            await create_session(
                services, actor=operator.actor, session_id=body.session_id, title=body.title, description=body.description
            )
        )

    @routes.get("", summary="List sessions, newest first")
    async def listing(
        _operator: Reader, limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50, before: datetime | None = None
    ) -> list[SessionView]:
        async with services.database.connection() as conn:
            return [SessionView.of(row) for row in await sessions.newest(conn, limit=limit, before=before)]

    @routes.get("/{session_id}", summary="Show a session", responses=problem_responses(SessionNotFound))
    async def show(session_id: str, _operator: Reader) -> SessionView:
        async with services.database.connection() as conn:
            return SessionView.of(await sessions.get(conn, session_id))


def _add_assets(routes: Routes, services: AssemblyServices) -> None:
    refusals = problem_responses(SessionNotFound, CameraExists, SessionStateConflict, BadMedia, PathRefused)

    @routes.post("/{session_id}/assets", summary="Register a camera or audio track with its files",
                 status_code=status.HTTP_201_CREATED, responses=refusals)  # fmt: skip
    async def register(session_id: str, body: NewAsset, operator: Operator) -> AssetView:
        return AssetView.of(
            await add_camera(services, session_id, body.camera_id, body.paths, role=body.role, actor=operator.actor)
        )

    @routes.get("/{session_id}/assets", summary="List a session's footage", responses=problem_responses(SessionNotFound))
    async def listing(session_id: str, _operator: Reader) -> list[AssetView]:
        async with services.database.connection() as conn:
            await sessions.get(conn, session_id)
            return [AssetView.of(row) for row in await sessions.assets(conn, session_id)]


def _add_sync(routes: Routes, services: AssemblyServices) -> None:
    stale = problem_responses(SessionNotFound, SyncNotFound, SyncVersionConflict, SessionStateConflict)

    @routes.post("/{session_id}/sync", summary="Sync the cameras by their sound", status_code=status.HTTP_202_ACCEPTED,
                 responses=problem_responses(SessionNotFound, SessionStateConflict, BadSession))  # fmt: skip
    async def start(session_id: str, operator: Operator, body: SyncRequest | None = None) -> JobView:
        asked = body or SyncRequest()
        queued = await request_sync(
            services, session_id, master=asked.master_camera, actor=operator.actor, restart=asked.restart
        )
        return JobView.of(queued, await services.queue.dispatch())

    @routes.get("/{session_id}/sync", summary="Show the newest sync, or a version of it",
                responses=problem_responses(SessionNotFound, SyncNotFound))  # fmt: skip
    async def show(session_id: str, _operator: Reader, version: int | None = None) -> SyncView:
        async with services.database.connection() as conn:
            await sessions.get(conn, session_id)
            return SyncView.of(await syncs.get(conn, session_id, version))

    @routes.post("/{session_id}/sync/approve", summary="Accept the sync", responses=stale)
    async def approve(session_id: str, body: SyncApproval, operator: Operator) -> SyncView:
        return SyncView.of(
            await approve_sync(services, session_id, version=body.version, actor=operator.actor, notes=body.notes)
        )

    @routes.post("/{session_id}/sync/correct", summary="Correct offsets and accept the result", responses=stale)
    async def correct(session_id: str, body: SyncCorrection, operator: Operator) -> SyncView:
        corrections = [
            Correction(each.camera_id, each.offset_ms, each.clip_index, each.drift_ppm) for each in body.corrections
        ]
        row = await correct_sync(
            services, session_id, corrections, base_version=body.base_version, actor=operator.actor, notes=body.notes
        )
        return SyncView.of(row)
