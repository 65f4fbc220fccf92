"""The SQL of migrations: the mappings of published versions, and the nodes that wait for an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import ENROLLMENT, GRAPH_VERSION, METADATA

UNMAPPABLE = sa.Table(
    "unmappable",
    METADATA,
    sa.Column("enrollment_id", UUID(as_uuid=False), primary_key=True),
    sa.Column("node_id", sa.Text, primary_key=True),
    sa.Column("from_version", sa.Integer, nullable=False),
    sa.Column("to_version", sa.Integer, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Unmappable:
    """A node with work in it that the migration to `to_version` could not carry."""

    enrollment_id: str
    node_id: str
    from_version: int
    to_version: int
    why: str
    flagged_at: datetime


@dataclass(frozen=True, slots=True)
class Flagged:
    """The same with whose it is and on which path, as the operators' list shows it."""

    unmappable: Unmappable
    user_id: str
    path_id: str


async def mappings(conn: AsyncConnection, path_id: str, *, after: int, upto: int) -> list[dict[str, Any]]:
    """Return the stored mappings of the versions above `after` up to `upto`, oldest first."""
    wanted = (GRAPH_VERSION.c.path_id == path_id) & (GRAPH_VERSION.c.version > after) & (GRAPH_VERSION.c.version <= upto)
    rows = await conn.execute(sa.select(GRAPH_VERSION.c.mapping).where(wanted).order_by(GRAPH_VERSION.c.version))
    return list(rows.scalars())


async def put_unmappable(tx: AsyncConnection, enrollment_id: str, flagged: Sequence[Unmappable]) -> None:
    """Make `flagged` the enrollment's whole list; what was flagged before keeps its date."""
    names = [each.node_id for each in flagged]
    mine = UNMAPPABLE.c.enrollment_id == enrollment_id
    await tx.execute(UNMAPPABLE.delete().where(mine & UNMAPPABLE.c.node_id.not_in(names)))
    if flagged:
        rows = [{name: getattr(each, name) for name in Unmappable.__slots__} for each in flagged]
        statement = pg_insert(UNMAPPABLE)
        changed = {name: statement.excluded[name] for name in ("from_version", "to_version", "why")}
        await tx.execute(statement.on_conflict_do_update(index_elements=["enrollment_id", "node_id"], set_=changed), rows)


async def list_unmappable(conn: AsyncConnection, *, enrollment_id: str | None = None, limit: int = 200) -> list[Flagged]:
    """Return what waits for an operator, the newest first."""
    statement = sa.select(UNMAPPABLE, ENROLLMENT.c.user_id, ENROLLMENT.c.path_id).join(
        ENROLLMENT, ENROLLMENT.c.enrollment_id == UNMAPPABLE.c.enrollment_id
    )
    if enrollment_id is not None:
        statement = statement.where(UNMAPPABLE.c.enrollment_id == enrollment_id)
    newest = statement.order_by(UNMAPPABLE.c.flagged_at.desc(), UNMAPPABLE.c.enrollment_id, UNMAPPABLE.c.node_id)
    return [
        Flagged(Unmappable(**{name: getattr(row, name) for name in Unmappable.__slots__}), row.user_id, row.path_id)
        for row in await conn.execute(newest.limit(limit))
    ]
