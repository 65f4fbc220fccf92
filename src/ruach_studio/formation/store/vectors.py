"""The SQL of vectors: which passages lack one, and which are nearest. An exact scan: every answer is complete and the same.

Cosine distances are compared in whole millionths, then the passage's id, so that the last bits of one machine's arithmetic
decide nothing. Where pgvector is missing there is no table; whoever asks is told by `present`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.chunks import IN_THESE, Place

_PRESENT = sa.text("SELECT to_regclass('formation.chunk_vector') IS NOT NULL")
_ENSURE = sa.text("SELECT formation.ensure_vectors()")
_SCAN = (
    "SELECT n.content_ref, n.idx FROM (SELECT c.content_ref, c.idx, CASE WHEN vector_dims(v.embedding) = :dimensions"
    " THEN floor((v.embedding <#> CAST(:vector AS vector)) * 1000000) END AS distance"
    " FROM formation.chunk_vector v JOIN formation.chunk c ON c.sha256 = v.sha256 WHERE v.embedder = :embedder"
)
_NEAREST = ") AS n WHERE n.distance <= :farthest ORDER BY n.distance, n.content_ref, n.idx LIMIT :limit"
_OF_ALL, _OF_THESE = sa.text(_SCAN + _NEAREST), sa.text(f"{_SCAN} AND{IN_THESE}{_NEAREST}")
_MISSING = sa.text(
    "SELECT DISTINCT c.sha256, c.heading, c.text FROM formation.chunk c WHERE c.content_ref = :ref AND NOT EXISTS"
    " (SELECT FROM formation.chunk_vector v WHERE v.sha256 = c.sha256 AND v.embedder = :embedder) ORDER BY c.sha256"
)
_COUNT = sa.text(
    "SELECT count(*) AS passages, count(v.sha256) AS with_vector FROM formation.chunk c"
    " LEFT JOIN formation.chunk_vector v ON v.sha256 = c.sha256 AND v.embedder = :embedder"
)
_PUT = sa.text(
    "INSERT INTO formation.chunk_vector (sha256, embedder, embedding)"
    " VALUES (:sha256, :embedder, CAST(:vector AS vector)) ON CONFLICT DO NOTHING"
)
_SWEEP = sa.text(
    "DELETE FROM formation.chunk_vector v WHERE v.embedder <> :embedder"
    " OR NOT EXISTS (SELECT FROM formation.chunk c WHERE c.sha256 = v.sha256)"
)


@dataclass(frozen=True, slots=True)
class Wanting:
    """A passage without a vector: its hash and what is to be embedded."""

    sha256: str
    text: str


async def present(conn: AsyncConnection) -> bool:
    """Say whether vectors can be stored here: pgvector is installed and their table made."""
    return bool(await conn.scalar(_PRESENT))


async def ensure(tx: AsyncConnection) -> bool:
    """Make the table if pgvector came later; say whether it is there."""
    return bool(await tx.scalar(_ENSURE))


async def nearest(
    conn: AsyncConnection, embedder: str, vector: NDArray[np.float32], refs: Sequence[str] | None, *, least: float,
    limit: int,
) -> list[Place]:  # fmt: skip
    """Return the passages of `refs` (None: of all) whose cosine with a unit `vector` is at least `least`, nearest first."""
    if (refs is not None and not refs) or not vector.any():
        return []
    given: dict[str, Any] = {
        "vector": literal(vector), "embedder": embedder, "dimensions": len(vector),
        "farthest": -round(least * 1_000_000), "limit": limit,
    }  # fmt: skip
    rows = await conn.execute(_OF_ALL, given) if refs is None else await conn.execute(_OF_THESE, {**given, "refs": refs})
    return [(row.content_ref, row.idx) for row in rows]


async def missing(conn: AsyncConnection, embedder: str, content_ref: str) -> list[Wanting]:
    """Return the passages of a piece that have no vector of this embedder."""
    rows = await conn.execute(_MISSING, {"ref": content_ref, "embedder": embedder})
    return [Wanting(row.sha256, f"{row.heading}\n{row.text}") for row in rows]


async def count(conn: AsyncConnection, embedder: str) -> tuple[int, int]:
    """Return how many passages there are and how many of them have a vector of this embedder."""
    row = (await conn.execute(_COUNT, {"embedder": embedder})).one()
    return int(row.passages), int(row.with_vector)


async def put(tx: AsyncConnection, embedder: str, rows: Sequence[tuple[str, NDArray[np.float32]]]) -> None:
    """Store vectors by the hash of their words; one that stands already stays."""
    if rows:
        given = [{"sha256": sha256, "embedder": embedder, "vector": literal(vector)} for sha256, vector in rows]
        await tx.execute(_PUT, given)


async def sweep(tx: AsyncConnection, embedder: str) -> int:
    """Delete the vectors of other embedders and of words that stand nowhere any more; return how many."""
    return (await tx.execute(_SWEEP, {"embedder": embedder})).rowcount


def literal(vector: NDArray[np.float32]) -> str:
    """Return a vector as pgvector reads it; float32 in nine digits comes back exactly."""
    return "[" + ",".join(f"{each:.9g}" for each in vector.tolist()) + "]"
