"""The SQL of content pieces: what a node refers to. Whoever hands a body on must have asked the gate before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import PIECE
from ruach_studio.kernel.hashing import inputs_hash


@dataclass(frozen=True, slots=True)
class Piece:
    """A text (markdown) and the prompt that is asked about it; `session_id` names the recording that shows it."""

    content_ref: str
    title: str
    body: str = ""
    prompt: str = ""
    session_id: str | None = None

    @property
    def sha256(self) -> str:
        """Return the hash of all that a member may see of it."""
        return inputs_hash([self.title, self.body, self.prompt, self.session_id])


async def get(conn: AsyncConnection, content_ref: str) -> Piece | None:
    """Return a piece, or None."""
    return (await many(conn, [content_ref])).get(content_ref)


async def many(conn: AsyncConnection, refs: Sequence[str]) -> dict[str, Piece]:
    """Return the pieces that exist, by content reference."""
    columns = [PIECE.c[name] for name in Piece.__slots__]
    rows = await conn.execute(
        sa.select(*columns).where(PIECE.c.content_ref == sa.any_(sa.cast(list(refs), sa.ARRAY(sa.Text))))
    )
    return {row.content_ref: Piece(**row._mapping) for row in rows}


async def put(tx: AsyncConnection, piece: Piece, *, actor: str, at: datetime) -> bool:
    """Write a piece or replace it; False if it stands like that already."""
    values = {
        **{name: getattr(piece, name) for name in Piece.__slots__},
        "sha256": piece.sha256, "updated_at": at, "updated_by": actor,
    }  # fmt: skip
    statement = pg_insert(PIECE).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "content_ref"}
    other = PIECE.c.sha256 != statement.excluded.sha256
    upsert = statement.on_conflict_do_update(index_elements=[PIECE.c.content_ref], set_=changed, where=other)
    return (await tx.execute(upsert.returning(PIECE.c.content_ref))).first() is not None


async def page(conn: AsyncConnection, *, after: str = "", limit: int = 100) -> list[Piece]:
    """Return pieces by content reference, a page behind `after`."""
    columns = [PIECE.c[name] for name in Piece.__slots__]
    statement = sa.select(*columns).where(PIECE.c.content_ref > after).order_by(PIECE.c.content_ref).limit(limit)
    return [Piece(**row._mapping) for row in await conn.execute(statement)]
