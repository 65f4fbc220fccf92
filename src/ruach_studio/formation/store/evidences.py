"""The SQL of kept evidence: a member's facts as the rules read them, beside the enrollment that they belong to."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.tables import ENROLLMENT, METADATA
from ruach_studio.infra.db import DirectStatement

EVIDENCE = sa.Table(
    "evidence",
    METADATA,
    sa.Column("enrollment_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("journal_version", sa.BigInteger, nullable=False),
    sa.Column("graph_version", sa.Integer, nullable=False),
    sa.Column("reducer", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
)

_ENROLLMENT = tuple(ENROLLMENT.c[name] for name in Enrollment.__slots__)
_CURRENT = (
    (EVIDENCE.c.enrollment_id == ENROLLMENT.c.enrollment_id)
    & (EVIDENCE.c.journal_version == ENROLLMENT.c.journal_version)
    & (EVIDENCE.c.reducer == sa.bindparam("reducer"))
)  # fmt: skip
_FOUND = sa.select(*_ENROLLMENT, EVIDENCE.c.facts, EVIDENCE.c.graph_version.label("of_graph")).select_from(
    ENROLLMENT.outerjoin(EVIDENCE, _CURRENT)
)
_OF_USER = DirectStatement(
    _FOUND.where((ENROLLMENT.c.user_id == sa.bindparam("user_id")) & (ENROLLMENT.c.path_id == sa.bindparam("path_id")))
)


@dataclass(frozen=True, slots=True)
class Kept:
    """An enrollment and the text of its evidence on `graph_version`; None if there is none for the journal as it stands."""

    enrollment: Enrollment
    facts: str | None
    graph_version: int | None


async def of_user(conn: AsyncConnection, user_id: str, path_id: str, *, reducer: str) -> Kept | None:
    """Return the user's enrollment on a path with what is kept of it, in one question; None if they are not on it."""
    given = {"user_id": user_id, "path_id": path_id, "reducer": reducer}
    rows = await _OF_USER.run(conn, given)
    if not rows:
        return None
    ((enrollment_id, *enrolled, facts, of_graph),) = rows  # one enrollment a user and path
    return Kept(Enrollment(str(enrollment_id), *enrolled), facts, of_graph)


async def put(
    tx: AsyncConnection, enrollment_id: str, *, journal_version: int, graph_version: int, reducer: str, facts: str,
    at: datetime,
) -> None:  # fmt: skip
    """Keep the text, unless that of a later event stands already."""
    statement = pg_insert(EVIDENCE).values(
        enrollment_id=enrollment_id, journal_version=journal_version, graph_version=graph_version, reducer=reducer,
        facts=facts, kept_at=at,
    )  # fmt: skip
    new = statement.excluded
    changed = {name: new[name] for name in ("journal_version", "graph_version", "reducer", "facts", "kept_at")}
    later = (EVIDENCE.c.journal_version < new.journal_version) | (EVIDENCE.c.reducer != new.reducer)
    await tx.execute(statement.on_conflict_do_update(index_elements=[EVIDENCE.c.enrollment_id], set_=changed, where=later))
