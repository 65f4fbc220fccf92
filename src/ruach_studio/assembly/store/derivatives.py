"""Turn derivative rows into values, and back. A ready one is made anew only if its files are gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.derivative import UNFINISHED, DerivativeState
from ruach_studio.assembly.store.tables import METADATA
from ruach_studio.kernel.derivative import Kind

_TIME = sa.DateTime(timezone=True)

DERIVATIVE = sa.Table(
    "derivative",
    METADATA,
    sa.Column("derivative_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text),
    sa.Column("source_path", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("job_id", sa.Text),
    sa.Column("facts", JSONB),
    sa.Column("error", JSONB(none_as_null=True)),
    sa.Column("requested_by", sa.Text),
    sa.Column("created_at", _TIME),
    sa.Column("updated_at", _TIME),
)


@dataclass(frozen=True, slots=True)
class DerivativeRow:
    """What is made of one file, and how far it is. `job_id` is the latest run that is known.

    `facts` of a ready one: its files, and what a player must know; of one that is on its way: {sessionId, automationId} of
    the wish.
    """

    derivative_id: str
    kind: Kind
    source_path: str
    state: DerivativeState
    job_id: str | None
    facts: Mapping[str, Any]
    error: Mapping[str, Any] | None
    requested_by: str
    created_at: datetime
    updated_at: datetime


async def find(conn: AsyncConnection, ids: Sequence[str]) -> dict[str, DerivativeRow]:
    """Return those of `ids` that were ever asked for."""
    rows = await conn.execute(sa.select(DERIVATIVE).where(DERIVATIVE.c.derivative_id.in_(list(ids))))
    return {row.derivative_id: DerivativeRow(**row._mapping) for row in rows}


async def by_job(conn: AsyncConnection, job_id: str) -> DerivativeRow | None:
    """Return the row whose latest run this is."""
    row = (await conn.execute(sa.select(DERIVATIVE).where(DERIVATIVE.c.job_id == job_id))).first()
    return None if row is None else DerivativeRow(**row._mapping)


async def lock(tx: AsyncConnection, derivative_id: str) -> DerivativeRow | None:
    """Return a row and hold it until the transaction ends."""
    statement = sa.select(DERIVATIVE).where(DERIVATIVE.c.derivative_id == derivative_id).with_for_update()
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else DerivativeRow(**row._mapping)


async def hold(
    tx: AsyncConnection, derivative_id: str, kind: Kind, source_path: str, *, actor: str, at: datetime
) -> DerivativeRow:
    """Return the row, made as cancelled if it was not there, and hold it until the transaction ends."""
    values = {
        "derivative_id": derivative_id, "kind": kind, "source_path": source_path, "state": "cancelled", "facts": {},
        "requested_by": actor, "created_at": at, "updated_at": at,
    }  # fmt: skip
    await tx.execute(upsert(DERIVATIVE).values(values).on_conflict_do_nothing())
    row = await lock(tx, derivative_id)
    if row is None:
        raise LookupError(derivative_id)
    return row


async def put(tx: AsyncConnection, derivative_id: str, *, at: datetime, **values: Any) -> None:
    """Set the given columns of a row that the caller holds."""
    await tx.execute(
        sa.update(DERIVATIVE).where(DERIVATIVE.c.derivative_id == derivative_id).values(updated_at=at, **values)
    )


async def unfinished(conn: AsyncConnection) -> list[DerivativeRow]:
    """Return the rows that wait for a job."""
    rows = await conn.execute(sa.select(DERIVATIVE).where(DERIVATIVE.c.state.in_(UNFINISHED)))
    return [DerivativeRow(**row._mapping) for row in rows]
