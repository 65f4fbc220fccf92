"""The SQL that reads where all members of a path stand, page by page: enrollments beside their projections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import ENROLLMENT, PROJECTION


@dataclass(frozen=True, slots=True)
class Stored:
    """One enrollment; `snapshot` is None where its projection is missing, behind the journal or of other rules."""

    enrollment_id: str
    user_id: str
    graph_version: int
    covenant_type: str
    snapshot: Mapping[str, Any] | None


async def page(conn: AsyncConnection, path_id: str, *, reducer_version: str, after: str | None, limit: int) -> list[Stored]:
    """Return up to `limit` enrollments of the path above `after`, by id."""
    current = (PROJECTION.c.reducer_version == reducer_version) & (
        PROJECTION.c.journal_version == ENROLLMENT.c.journal_version
    )
    snapshot = sa.case((current, PROJECTION.c.snapshot)).label("snapshot")
    named = (ENROLLMENT.c[name] for name in ("enrollment_id", "user_id", "graph_version", "covenant_type"))
    statement = (
        sa.select(*named, snapshot)
        .select_from(ENROLLMENT.outerjoin(PROJECTION, PROJECTION.c.enrollment_id == ENROLLMENT.c.enrollment_id))
        .where(ENROLLMENT.c.path_id == path_id)
        .order_by(ENROLLMENT.c.enrollment_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(ENROLLMENT.c.enrollment_id > after)
    return [Stored(**row._mapping) for row in await conn.execute(statement)]
