"""Turn a piece's passages that lack a vector into vectors. The embedder works outside any transaction."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import vectors


async def embed_piece(services: FormationServices, content_ref: str) -> int:
    """Store the missing vectors of a piece; return how many. 0 where pgvector is missing: full text serves alone.

    A passage that changed meanwhile asks again by its own job. Raises Unavailable, EmbedderAnswerRefused.
    """
    embedder = services.embedder
    async with services.database.connection() as conn:
        if not await vectors.present(conn):
            return 0
        wanting = await vectors.missing(conn, embedder.embedder_id, content_ref)
    if not wanting:
        return 0
    rows = await embedder.embed([each.text for each in wanting])
    async with services.database.transaction() as tx:
        await vectors.put(tx, embedder.embedder_id, [(each.sha256, rows[n]) for n, each in enumerate(wanting)])
    return len(wanting)
