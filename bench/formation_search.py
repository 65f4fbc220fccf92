"""Measure search: how often the right passage is found, and how long the exact scan takes. Figures from one run.

    python bench/formation_search.py [--sizes 5000 50000] [--rounds 30]

Quality, on the labelled set beside this file: full text alone, vectors alone and both fused by retrieval-v1, without any
history; the mean reciprocal rank (1.0: the right passage is always first) and the share of questions whose answer is among
the first three. Latency, on made-up passages in a database of its own: a search's two queries and both together.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from ruach_studio.formation.chunking import Chunk
from ruach_studio.formation.runners.embedder_hashing import HashingEmbedder
from ruach_studio.formation.store import chunks, pieces, vectors
from ruach_studio.infra.db import Database

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DEPTH = 200
KINDS = ("same", "near", "other")


async def fill(database: Database, texts: dict[str, str], vectors_of: Callable[[list[str]], Awaitable[object]]) -> None:
    embedder = HashingEmbedder()
    names = list(texts)
    for start in range(0, len(names), 1000):
        part = names[start : start + 1000]
        made = {name: Chunk(0, "", " ".join(texts[name].split())) for name in part}
        rows = await embedder.embed([made[name].text for name in part])
        async with database.transaction() as tx:
            for name in part:
                await pieces.put(tx, pieces.Piece(name, name), actor="bench", at=NOW)
                await chunks.replace(tx, name, [made[name]])
            given = [(made[name].sha256, rows[n]) for n, name in enumerate(part)]
            await vectors.put(tx, embedder.embedder_id, given)
