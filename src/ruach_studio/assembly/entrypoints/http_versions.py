"""Turn HTTP requests that compare, count and restore versions of an EDL into use cases."""

from fastapi import Query

from ruach_studio.assembly.edl_stats import statistics
from ruach_studio.assembly.entrypoints.http_edl import Operator, Reader, body_of
from ruach_studio.assembly.entrypoints.wire_edl import EdlBody, RestoreRequest
from ruach_studio.assembly.entrypoints.wire_versions import DiffView, StatisticsView
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.review import EditRefused
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store.edls import EdlNotFound
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.usecases.compare_edl import compare_edl
from ruach_studio.assembly.usecases.edit_edl import EdlVersionConflict
from ruach_studio.assembly.usecases.get_edl import get_edl
from ruach_studio.assembly.usecases.restore_edl import restore_edl
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes."""
    missing = problem_responses(SessionNotFound, EdlNotFound)

    @routes.get("/{session_id}/edl/diff", summary="What changed from one version to another", responses=missing)
    async def compare(
        session_id: str, _operator: Reader, from_version: int = Query(alias="from"), to_version: int = Query(alias="to")
    ) -> DiffView:
        found = await compare_edl(services, session_id, from_version, to_version)
        return DiffView.of(found, (await get_edl(services, session_id, to_version)).edl.fps)

    @routes.get("/{session_id}/edl/statistics", summary="Pace, shares of cameras, confidence and reasons", responses=missing)
    async def count(session_id: str, _operator: Reader, version: int | None = None) -> StatisticsView:
        return StatisticsView.of(statistics((await get_edl(services, session_id, version)).edl))

    @routes.post("/{session_id}/edl/restore", summary="Take a version's cuts back; after a lock, a new draft",
                 responses=missing | problem_responses(EdlVersionConflict, SessionStateConflict, EditRefused))  # fmt: skip
    async def restore(session_id: str, body: RestoreRequest, operator: Operator) -> EdlBody:
        edl = await restore_edl(
            services, session_id, body.from_version, base_version=body.base_version, actor=operator.actor
        )
        return body_of(edl)
