"""Turn HTTP into the operators' list of nodes that no migration could map."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store.migrations import Flagged, list_unmappable
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes

Reader = Annotated[Principal, Depends(require("operator", scope="formation:read"))]
LIMIT_MAX = 1000


class UnmappableOut(Wire):
    """A node with work in it that waits for an operator; `formation.migrate` with `mapping` resolves it."""

    formation_enrollment_id: str
    user_id: str
    path_id: str
    node_id: str
    from_version: int
    to_version: int
    why: str
    flagged_at: datetime


def router(services: FormationServices) -> Routes:
    """Return the routes; include them before any `/formation-engine/enrollments/{id}`."""
    api = Routes(prefix="/formation-engine", tags=["recovery"])

    @api.get("/enrollments/unmappable", summary="Nodes that no migration could map")
    async def unmappable(_: Reader, limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 200) -> list[UnmappableOut]:
        async with services.database.connection() as conn:
            return [_out(each) for each in await list_unmappable(conn, limit=limit)]

    return api


def _out(each: Flagged) -> UnmappableOut:
    row = each.unmappable
    return UnmappableOut(
        formation_enrollment_id=row.enrollment_id, user_id=each.user_id, path_id=each.path_id, node_id=row.node_id,
        from_version=row.from_version, to_version=row.to_version, why=row.why, flagged_at=row.flagged_at,
    )  # fmt: skip
