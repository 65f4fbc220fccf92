"""Keep where operators put a camera's subject, per session. A change is another row; a null place is "find it yourself"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.render.store.tables import SUBJECT_POSITION

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('render.subject_position'), hashtext(:session_id))")


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One saying of an operator about one camera of a session; `x` is 0 (left) to 1 (right), None: by rule again."""

    session_id: str
    camera: str
    version: int
    x: float | None
    set_by: str
    reason: str
    set_at: datetime


async def lock(tx: AsyncConnection, session_id: str) -> None:
    """Let nobody else place a subject of this session until the transaction ends."""
    await tx.execute(_LOCK, {"session_id": session_id})


async def add(tx: AsyncConnection, row: PositionRow) -> None:
    """Write the next saying."""
    await tx.execute(sa.insert(SUBJECT_POSITION).values({name: getattr(row, name) for name in PositionRow.__slots__}))


async def newest(conn: AsyncConnection, session_id: str) -> Sequence[PositionRow]:
    """Return the newest saying about each camera of a session, by camera."""
    table = SUBJECT_POSITION
    statement = sa.select(table).where(table.c.session_id == session_id)
    rows = await conn.execute(statement.order_by(table.c.camera, table.c.version))
    return list({row.camera: PositionRow(**row._mapping) for row in rows}.values())
