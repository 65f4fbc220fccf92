"""Pieces become passages in the transaction that saves them, and vectors by a job; only what changed is done again."""

import numpy as np
import pytest
import sqlalchemy as sa

from ruach_studio.formation.entrypoints.jobs import handlers
from ruach_studio.formation.entrypoints.readiness import search_ready
from ruach_studio.formation.ports import EmbedderAnswerRefused
from ruach_studio.formation.store import chunks, pieces, vectors
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.embed_piece import embed_piece
from ruach_studio.formation.usecases.index_piece import index_piece
from ruach_studio.formation.usecases.rebuild_index import rebuild_index
from ruach_studio.formation.usecases.write_piece import write_piece
from ruach_studio.infra.http.health import Health


def text(count, word):
    return " ".join(f"{word}{n}" for n in range(count))


PARTS = [f"# Part {name}\n\n{text(150, name)}" for name in "abc"]


class Counting:
    """The built-in embedder, counting what it is asked for."""

    def __init__(self, inner):
        self.inner, self.texts = inner, []
        self.embedder_id, self.fingerprint = inner.embedder_id, inner.fingerprint
        self.least_similarity, self.weight = inner.least_similarity, inner.weight

    async def embed(self, texts):
        self.texts += texts
        return await self.inner.embed(texts)


@pytest.fixture
def counting(services):
    """Services whose embedder counts."""
    from dataclasses import replace

    return replace(services, embedder=Counting(services.embedder))


@pytest.fixture
def save(counting, clock, ids):
    """Return a coroutine that saves a piece and indexes it, as the authoring use case does."""

    async def do(body, ref="content/x", **more):
        piece = Piece(ref, "X", body, **more)
        async with counting.database.transaction() as tx:
            await pieces.put(tx, piece, actor="test", at=clock.now())
            return await index_piece(counting, tx, piece)

    return do


async def test_what_an_operator_writes_is_indexed_with_it(counting, ids, waiting):
    piece = Piece("content/x", "X", PARTS[0])
    assert await write_piece(counting, piece, actor="session:me")
    assert await table(counting) == [(0, "X › Part a")]
    assert await waiting() == [("index", {"contentRef": "content/x"})]
    assert not await write_piece(counting, piece, actor="session:me")
    assert len(await waiting()) == 1


async def table(services):
    async with services.database.connection() as conn:
        rows = await conn.execute(sa.select(chunks.CHUNK.c.idx, chunks.CHUNK.c.heading).order_by(chunks.CHUNK.c.idx))
        return [tuple(row) for row in rows]


async def test_full_text_finds_a_piece_at_once_and_a_job_brings_its_vectors(counting, save, waiting):
    assert await save("\n\n".join(PARTS), prompt="What now?") == 4
    assert await table(counting) == [(0, "X › Part a"), (1, "X › Part b"), (2, "X › Part c"), (3, "X › Prompt")]
    assert await waiting() == [("index", {"contentRef": "content/x"})]
    async with counting.database.connection() as conn:
        assert await chunks.search(conn, "b17", None, limit=5) == [("content/x", 1)]
        assert await vectors.count(conn, counting.embedder.embedder_id) == (4, 0)
    done = await handlers(counting)["formation-state", "index"](None, {"contentRef": "content/x"})
    assert done == {"vectors": 4}
    async with counting.database.connection() as conn:
        assert await vectors.count(conn, counting.embedder.embedder_id) == (4, 4)


async def test_only_changed_passages_are_written_and_embedded_again(counting, save, waiting):
    await save("\n\n".join(PARTS))
    await embed_piece(counting, "content/x")
    assert len(counting.embedder.texts) == 3
    assert await save("\n\n".join(PARTS)) == 0
    assert len(await waiting()) == 1  # nothing to do, no job
    changed = PARTS[1].replace("b17", "seventeen")
    assert await save("\n\n".join([PARTS[2], PARTS[0], changed])) == 3  # all places change, two texts only moved
    assert await embed_piece(counting, "content/x") == 1
    assert [each.split("\n")[0] for each in counting.embedder.texts[3:]] == ["X › Part b"]
    assert await embed_piece(counting, "content/x") == 0


async def test_a_shorter_piece_leaves_no_passage_behind(counting, save):
    await save("\n\n".join(PARTS))
    await save(PARTS[0])
    assert await table(counting) == [(0, "X › Part a")]
    await save("")
    assert await table(counting) == []


async def test_a_piece_that_is_not_saved_is_not_indexed(counting, clock, ids):
    piece = Piece("content/y", "Y", "Text.")
    async with counting.database.engine.connect() as tx:  # ends without a commit
        await pieces.put(tx, piece, actor="test", at=clock.now())
        assert await index_piece(counting, tx, piece) == 1
    assert await table(counting) == []


async def test_an_embedder_that_fails_leaves_the_passages_findable(counting, save):
    await save(PARTS[0])

    async def refuse(_):
        raise EmbedderAnswerRefused

    counting.embedder.embed = refuse
    with pytest.raises(EmbedderAnswerRefused):
        await embed_piece(counting, "content/x")
    async with counting.database.connection() as conn:
        assert await chunks.search(conn, "a3", None, limit=5) == [("content/x", 0)]
    told = "0 of 1 passages have a vector; `ruach formation index` makes the rest"
    assert await search_ready(counting) == Health("degraded", told)


async def test_rebuilding_brings_everything_up_to_date_and_sweeps_what_nothing_uses(counting, save, clock):
    await save("\n\n".join(PARTS))
    async with counting.database.transaction() as tx:  # a piece that came by another way, and a vector of an older embedder
        await pieces.put(tx, Piece("content/z", "Z", "Elsewhere."), actor="test", at=clock.now())
        await vectors.put(tx, "old", [("0" * 64, np.ones(3, np.float32))])
    done = await rebuild_index(counting, everything=True)
    assert (done.pieces, done.passages, done.embedded, done.swept, done.vectors) == (2, 1, 4, 1, True)
    again = await rebuild_index(counting, everything=True)
    assert (again.pieces, again.passages, again.embedded, again.swept) == (2, 0, 0, 0)
    assert await search_ready(counting) == Health("ok", "4 of 4 passages have a vector")


async def test_without_pgvector_pieces_are_indexed_for_words_alone(counting, save, waiting):
    async with counting.database.transaction() as tx:
        await tx.execute(sa.text("DROP EXTENSION vector CASCADE"))
        await tx.execute(sa.text("DROP TABLE formation.chunk_vector"))
    assert await save(PARTS[0]) == 1
    assert await waiting() == []
    assert await embed_piece(counting, "content/x") == 0
    ready = await search_ready(counting)
    assert ready.state == "degraded"
    assert "install pgvector" in ready.detail
    assert (await rebuild_index(counting, everything=True)).vectors is False
    async with counting.database.transaction() as tx:  # it comes later
        await tx.execute(sa.text("CREATE EXTENSION vector"))
    done = await rebuild_index(counting, everything=False)
    assert (done.embedded, done.vectors) == (1, True)
