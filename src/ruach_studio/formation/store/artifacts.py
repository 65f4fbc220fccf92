"""The SQL of published artifacts: per session and format the one of the newest EDL, with its address for members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.tables import METADATA, PIECE

ARTIFACT = sa.Table(
    "artifact",
    METADATA,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("format", sa.Text, primary_key=True),
    sa.Column("edl_version", sa.Integer, nullable=False),
    sa.Column("render_job_id", UUID(as_uuid=False), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("duration_ms", sa.Double),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One published file of a session. `url` is where its player finds it (the CDN's, where one is configured)."""

    session_id: str
    format: str
    edl_version: int
    render_job_id: str
    url: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_ms: float | None
    published_at: datetime


async def keep(tx: AsyncConnection, artifact: Artifact) -> bool:
    """Store an artifact unless one of a newer EDL, or of the same EDL published later, stands; say whether it was stored."""
    values: dict[str, Any] = {name: getattr(artifact, name) for name in Artifact.__slots__}
    statement = pg_insert(ARTIFACT).values(values)
    order = ("edl_version", "published_at", "render_job_id")
    newer = sa.tuple_(*(statement.excluded[name] for name in order)) > sa.tuple_(*(ARTIFACT.c[name] for name in order))
    rest = {name: statement.excluded[name] for name in values if name not in ("session_id", "format")}
    upsert = statement.on_conflict_do_update(index_elements=["session_id", "format"], set_=rest, where=newer)
    return (await tx.execute(upsert.returning(ARTIFACT.c.format))).first() is not None


async def of_sessions(conn: AsyncConnection, session_ids: Sequence[str]) -> dict[str, tuple[Artifact, ...]]:
    """Return the artifacts of these sessions, each session's by format."""
    wanted = ARTIFACT.c.session_id == sa.any_(sa.cast(list(session_ids), sa.ARRAY(sa.Text)))
    rows = await conn.execute(sa.select(ARTIFACT).where(wanted).order_by(ARTIFACT.c.session_id, ARTIFACT.c.format))
    found: dict[str, tuple[Artifact, ...]] = {}
    for row in rows:
        found[row.session_id] = (*found.get(row.session_id, ()), Artifact(**row._mapping))
    return found


async def without_piece(conn: AsyncConnection, *, limit: int) -> list[Artifact]:
    """Return artifacts of sessions that no piece refers to, the newest first."""
    used = sa.select(PIECE.c.session_id).where(PIECE.c.session_id == ARTIFACT.c.session_id).exists()
    order = (ARTIFACT.c.published_at.desc(), ARTIFACT.c.session_id, ARTIFACT.c.format)
    rows = await conn.execute(sa.select(ARTIFACT).where(~used).order_by(*order).limit(limit))
    return [Artifact(**row._mapping) for row in rows]
