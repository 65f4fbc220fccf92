"""Turn the stored pieces into a complete search index: after an import, another embedder, or pgvector that came later."""

from dataclasses import dataclass

from ruach_studio.formation.chunking import chunk_piece
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import chunks, pieces, vectors
from ruach_studio.formation.usecases.embed_piece import embed_piece

PAGE = 100


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done: pieces looked at, passages written, vectors made, old vectors deleted. `vectors`: pgvector is there."""

    pieces: int
    passages: int
    embedded: int
    swept: int
    vectors: bool


async def rebuild_index(services: FormationServices, *, everything: bool) -> Rebuilt:
    """Bring every piece's passages and vectors up to date. `everything` also deletes vectors that nothing uses any more.

    Raises Unavailable, EmbedderAnswerRefused; what was done until then stays.
    """
    async with services.database.transaction() as tx:
        present = await vectors.ensure(tx)
    count = written = embedded = swept = 0
    after = ""
    while True:
        async with services.database.transaction() as tx:
            page = await pieces.page(tx, after=after, limit=PAGE)
            for piece in page:
                written += await chunks.replace(tx, piece.content_ref, chunk_piece(piece.title, piece.body, piece.prompt))
        for piece in page:
            embedded += await embed_piece(services, piece.content_ref)
        count += len(page)
        if len(page) < PAGE:
            break
        after = page[-1].content_ref
    if present and everything:
        async with services.database.transaction() as tx:
            swept = await vectors.sweep(tx, services.embedder.embedder_id)
    return Rebuilt(count, written, embedded, swept, present)
