"""The SQL that reads where all members of a path stand, page by page: enrollments beside their projections."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import ENROLLMENT, PROJECTION

UNREAD = (
    "touched", "section_views", "dwell_s", "checkpoints_reached", "checkpoint_failures", "checkpoint_failed_at", "gated",
    "axioms_viewed", "axioms_cited", "gaps", "pauses", "readiness", "phase_completed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """One enrollment. `facts`: the facts of its projection as JSON text, without UNREAD; None where the projection is
    missing, behind the journal or of other rules."""

    enrollment_id: str
    user_id: str
    graph_version: int
    covenant_type: str
    facts: str | None


async def page(conn: AsyncConnection, path_id: str, *, reducer_version: str, after: str | None, limit: int) -> list[Stored]:
    """Return up to `limit` enrollments of the path above `after`, by id."""
    up_to_date = PROJECTION.c.journal_version == ENROLLMENT.c.journal_version
    of_use = up_to_date & (PROJECTION.c.reducer_version == reducer_version)
    facts = PROJECTION.c.snapshot["facts"].op("-")(sa.cast(list(UNREAD), sa.ARRAY(sa.Text)))
    text = sa.case((of_use, sa.cast(facts, sa.Text))).label("facts")  # parsed by the reader, off the event loop
    named = (ENROLLMENT.c[name] for name in ("enrollment_id", "user_id", "graph_version", "covenant_type"))
    statement = (
        sa.select(*named, text)
        .select_from(ENROLLMENT.outerjoin(PROJECTION, PROJECTION.c.enrollment_id == ENROLLMENT.c.enrollment_id))
        .where(ENROLLMENT.c.path_id == path_id)
        .order_by(ENROLLMENT.c.enrollment_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(ENROLLMENT.c.enrollment_id > after)
    return [Stored(**row._mapping) for row in await conn.execute(statement)]
