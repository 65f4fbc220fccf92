"""The SQL of the canon's axioms. They are few and always read whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.store.tables import METADATA

AXIOM = sa.Table(
    "axiom",
    METADATA,
    sa.Column("axiom_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("canon_level", sa.Text, nullable=False),
    sa.Column("tier", sa.SmallInteger, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("sensitivity", sa.Text, nullable=False),
    sa.Column("unlock_phase", sa.Text, nullable=False),
    sa.Column("related", ARRAY(sa.Text), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
)
_READ = sa.select(*(AXIOM.c[name] for name in Axiom.__slots__)).order_by(AXIOM.c.number)


async def canon(conn: AsyncConnection) -> dict[str, Axiom]:
    """Return all axioms by id, in the order of their numbers."""
    return {row.axiom_id: _axiom(row) for row in await conn.execute(_READ)}


async def canon_locked(tx: AsyncConnection) -> Mapping[str, Axiom]:
    """Return all axioms; nobody else changes one until the transaction ends. Readers go on."""
    await tx.execute(sa.text("LOCK TABLE formation.axiom IN SHARE ROW EXCLUSIVE MODE"))
    return await canon(tx)


async def put(tx: AsyncConnection, axiom: Axiom, *, actor: str, at: datetime) -> None:
    """Write an axiom, or its new form."""
    values: dict[str, Any] = {name: getattr(axiom, name) for name in Axiom.__slots__}
    values |= {"related": list(axiom.related), "updated_at": at, "updated_by": actor}
    statement = pg_insert(AXIOM).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "axiom_id"}
    await tx.execute(statement.on_conflict_do_update(index_elements=["axiom_id"], set_=changed))


def _axiom(row: sa.Row[Any]) -> Axiom:
    values = dict(row._mapping)
    return Axiom(**{**values, "related": tuple(values["related"])})
