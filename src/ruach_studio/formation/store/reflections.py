"""The SQL of reflection texts. They stand outside the journal so that they can be erased; events hold their hashes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import REFLECTION


@dataclass(frozen=True, slots=True)
class StoredReflection:
    """One submission; `text` is None once it was erased."""

    reflection_id: str
    enrollment_id: str
    user_id: str
    node_id: str
    type: str
    text: str | None
    text_sha256: str
    word_count: int
    submitted_at: datetime
    erased_at: datetime | None = None


async def insert(tx: AsyncConnection, reflection: StoredReflection) -> None:
    """Store a text."""
    values: dict[str, Any] = {name: getattr(reflection, name) for name in StoredReflection.__slots__}
    await tx.execute(REFLECTION.insert().values(values))


async def get(conn: AsyncConnection, reflection_id: str) -> StoredReflection | None:
    """Return a submission, or None."""
    row = (await conn.execute(sa.select(REFLECTION).where(REFLECTION.c.reflection_id == reflection_id))).one_or_none()
    return None if row is None else StoredReflection(**row._mapping)


async def of_user(conn: AsyncConnection, user_id: str, *, limit: int) -> list[StoredReflection]:
    """Return a member's submissions, the newest first."""
    statement = sa.select(REFLECTION).where(REFLECTION.c.user_id == user_id)
    rows = await conn.execute(statement.order_by(REFLECTION.c.submitted_at.desc(), REFLECTION.c.reflection_id).limit(limit))
    return [StoredReflection(**row._mapping) for row in rows]


async def of_enrollment(conn: AsyncConnection, user_id: str, enrollment_id: str) -> list[StoredReflection]:
    """Return every submission of a user's enrollment, the oldest first."""
    statement = sa.select(REFLECTION).where(
        (REFLECTION.c.user_id == user_id) & (REFLECTION.c.enrollment_id == enrollment_id)
    )
    rows = await conn.execute(statement.order_by(REFLECTION.c.submitted_at, REFLECTION.c.reflection_id))
    return [StoredReflection(**row._mapping) for row in rows]


async def same_since(tx: AsyncConnection, enrollment_id: str, node_id: str, digest: str, since: datetime) -> str | None:
    """Return the id of the newest submission of the same text (by SHA-256) on the node since then; None if there is none."""
    table = REFLECTION.c
    same = (table.enrollment_id == enrollment_id) & (table.node_id == node_id) & (table.text_sha256 == digest)
    same &= (table.submitted_at >= since) & table.text.is_not(None)
    statement = sa.select(table.reflection_id).where(same).order_by(table.submitted_at.desc()).limit(1)
    return (await tx.execute(statement)).scalar_one_or_none()


async def texts_on_other_nodes(
    conn: AsyncConnection, user_id: str, names: Collection[str], *, limit: int = 200
) -> list[str]:
    """Return a member's own texts about nodes not in `names`, the newest first: what a new one must not be copied from."""
    wanted = (REFLECTION.c.user_id == user_id) & REFLECTION.c.node_id.not_in(sorted(names)) & REFLECTION.c.text.is_not(None)
    statement = sa.select(REFLECTION.c.text).where(wanted).order_by(REFLECTION.c.submitted_at.desc()).limit(limit)
    return [str(text) for text in (await conn.execute(statement)).scalars()]


async def erase(tx: AsyncConnection, reflection_id: str, user_id: str, at: datetime) -> bool:
    """Erase the text of the user's own submission; False if there is none such or it is erased already."""
    wanted = (
        (REFLECTION.c.reflection_id == reflection_id) & (REFLECTION.c.user_id == user_id) & REFLECTION.c.text.is_not(None)
    )
    statement = REFLECTION.update().where(wanted).values(text=None, erased_at=at).returning(REFLECTION.c.reflection_id)
    return (await tx.execute(statement)).first() is not None
