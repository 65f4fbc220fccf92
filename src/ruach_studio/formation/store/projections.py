"""The SQL of projections: the state of an enrollment as of some version, so that a reader folds only the tail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import PROJECTION


@dataclass(frozen=True, slots=True)
class Projection:
    """A snapshot with the rules that made it and the digest of its facts."""

    enrollment_id: str
    journal_version: int
    reducer_version: str
    snapshot: dict[str, Any]
    digest: str
    updated_at: datetime


async def get(conn: AsyncConnection, enrollment_id: str) -> Projection | None:
    """Return the projection of an enrollment, or None."""
    row = (await conn.execute(sa.select(PROJECTION).where(PROJECTION.c.enrollment_id == enrollment_id))).one_or_none()
    return None if row is None else Projection(**row._mapping)


async def put(tx: AsyncConnection, projection: Projection) -> None:
    """Write the projection, whatever stood there."""
    values = {name: getattr(projection, name) for name in Projection.__slots__}
    statement = pg_insert(PROJECTION).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "enrollment_id"}
    await tx.execute(statement.on_conflict_do_update(index_elements=[PROJECTION.c.enrollment_id], set_=changed))
