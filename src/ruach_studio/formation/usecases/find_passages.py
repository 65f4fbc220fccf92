"""Turn a query into places of passages, by words and by meaning, among the pieces that the reader may read and no others.

What is not readable is not looked into: the database is asked about readable pieces only, so that neither a hit nor a count
can tell what stands in a locked text. If the embedder is away, words alone answer, and it is said.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import EmbedderAnswerRefused, FormationServices
from ruach_studio.formation.store import chunks, vectors
from ruach_studio.formation.store.chunks import Place
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Unavailable

DEPTH = 200
Vector = NDArray[np.float32]
EMBED_TIMEOUT_S = 2.0
NO_PGVECTOR = "pgvector is not installed: full text only"
EMBEDDER_AWAY = "the embedding service does not answer: full text only"
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Passages:
    """The places that two searches found, each the best first, and what could not be done."""

    text: list[Place]
    meaning: list[Place]
    degraded: tuple[str, ...]


async def embed_query(services: FormationServices, query: str) -> Vector | None:
    """Return the query's vector, or None if the embedder has none within two seconds. Hold no connection meanwhile."""
    embedder = services.embedder
    try:
        async with asyncio.timeout(EMBED_TIMEOUT_S):
            rows = await embedder.embed([query])
    except (Unavailable, EmbedderAnswerRefused, TimeoutError) as error:
        log.warning("search.embedder.away", embedder=embedder.embedder_id, error=type(error).__name__)
        return None
    return np.asarray(rows[0], np.float32)


async def find_passages(
    services: FormationServices, conn: AsyncConnection, query: str, vector: Vector | None, refs: Sequence[str] | None
) -> Passages:
    """Return what full text and vectors find in the pieces `refs` (None: in all), at most DEPTH places each."""
    text = await chunks.search(conn, query, refs, limit=DEPTH)
    if vector is None:
        return Passages(text, [], (EMBEDDER_AWAY,))
    if not await vectors.present(conn):
        return Passages(text, [], (NO_PGVECTOR,))
    embedder = services.embedder
    near = await vectors.nearest(conn, embedder.embedder_id, vector, refs, least=embedder.least_similarity, limit=DEPTH)
    return Passages(text, near, ())
