"""Measure search: how often the right passage is found, and how long the exact scan takes. Figures from one run.

    python bench/formation_search.py [--sizes 5000 50000] [--rounds 20]

Quality, on the labelled questions beside this file and without any history: full text alone, vectors alone, both fused by
retrieval-v1. MRR is the mean of 1 / rank of the first right passage; top 3 is the share of questions that find it there.
The embedder is the one that RUACH_EMBEDDER or RUACH_EMBEDDING_URL chooses. Latency, on made-up passages, ten to a piece, in
a database of its own: each search over all pieces, and over every second one, as for a member; ranking and snippets apart.
"""

import argparse
import asyncio
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from formation_search_set import PASSAGES, QUESTIONS, SAMPLE_QUESTIONS
from sqlalchemy import insert, text

from ruach_studio.formation.chunking import Chunk, chunk_piece
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.ports import Embedder
from ruach_studio.formation.retrieval import Asked, Candidate, List, rank_hits
from ruach_studio.formation.runners.embedders import open_embedder
from ruach_studio.formation.store import chunks, vectors
from ruach_studio.formation.store.chunks import Place
from ruach_studio.formation.store.tables import PIECE
from ruach_studio.formation.words import STOP_WORDS
from ruach_studio.infra.db import Database, upgrade
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.logging import configure
from ruach_studio.infra.settings import load_settings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DEPTH = 200
PER_PIECE = 10
KINDS = ("same", "near", "other", "misspelt")


async def fill(database: Database, embedder: Embedder, texts: Sequence[tuple[str, Sequence[Chunk]]]) -> None:
    """Store pieces of these passages with their vectors, in an emptied index."""
    async with database.transaction() as tx:
        await tx.execute(text("TRUNCATE formation.piece, formation.chunk, formation.chunk_vector CASCADE"))
    for start in range(0, len(texts), 200):
        part = texts[start : start + 200]
        flat = [chunk for _, many in part for chunk in many]
        rows = await embedder.embed([f"{chunk.heading}\n{chunk.text}" for chunk in flat])
        names = [
            {
                "content_ref": ref,
                "title": ref,
                "body": "",
                "prompt": "",
                "sha256": "",
                "updated_at": NOW,
                "updated_by": "bench",
            }
            for ref, _ in part
        ]
        passages = [
            {"content_ref": ref, "idx": each.idx, "heading": each.heading, "text": each.text, "words": each.words,
             "sha256": each.sha256} for ref, many in part for each in many
        ]  # fmt: skip
        async with database.transaction() as tx:
            await tx.execute(insert(PIECE), names)
            await tx.execute(insert(chunks.CHUNK), passages)
            await vectors.put(tx, embedder.embedder_id, [(chunk.sha256, rows[n]) for n, chunk in enumerate(flat)])


def fused(by_list: dict[List, list[Place]], weight: Fraction) -> list[str]:
    """Return the pieces in the order of the rule, by words and meaning."""
    ranks: dict[str, dict[List, int]] = {}
    for name, places in by_list.items():
        for rank, ref in enumerate(dict.fromkeys(ref for ref, _ in places), 1):
            ranks.setdefault(ref, {})[name] = rank
    candidates = [Candidate(ref, "library", each) for ref, each in ranks.items()]
    return [hit.key for hit in rank_hits(Asked("", NOW, DEPTH, meaning=weight), candidates).hits]


async def quality(
    database: Database, embedder: Embedder, name_of_set: str, texts: Sequence[tuple[str, Sequence[Chunk]]],
    questions: Sequence[tuple[str, set[str], str]],
) -> None:  # fmt: skip
    """Print, per way to search, how well the labelled questions find their pieces."""
    await fill(database, embedder, texts)
    found: dict[str, list[tuple[str, float, bool]]] = {"full text": [], "vectors": [], "fused": []}
    async with database.connection() as conn:
        for question, right, kind in questions:
            by_text = await chunks.search(conn, question, None, limit=DEPTH)
            vector = (await embedder.embed([question]))[0]
            near = await vectors.nearest(
                conn, embedder.embedder_id, vector, None, least=embedder.least_similarity, limit=DEPTH
            )
            orders = {
                "full text": [ref for ref, _ in by_text], "vectors": [ref for ref, _ in near],
                "fused": fused({"text": by_text, "meaning": near}, embedder.weight),
            }  # fmt: skip
            for name, order in orders.items():
                rank = next((n for n, ref in enumerate(order, 1) if ref in right), None)
                found[name].append((kind, 1 / rank if rank else 0.0, rank is not None and rank <= 3))
    kinds = [kind for kind in KINDS if any(kind == each for *_, each in questions)]
    count = sum(len(many) for _, many in texts)
    print(f"quality, {name_of_set}: {len(questions)} questions, {count} passages, {embedder.embedder_id}: MRR (top 3)")
    print(f"{'':12s}" + "".join(f"{kind + ' words':>16s}" for kind in kinds) + f"{'all':>16s}")
    for name, rows in found.items():
        told = [[row for row in rows if row[0] == kind] for kind in kinds] + [rows]
        shown = [
            f"{statistics.mean(r for _, r, _ in each):.3f} ({statistics.mean(t for *_, t in each):.2f})" for each in told
        ]
        print(f"{name:12s}" + "".join(f"{each:>16s}" for each in shown))


def own_set() -> list[tuple[str, Sequence[Chunk]]]:
    """Return the passages that were written for this bench, a piece each, without a title."""
    return [(name, [Chunk(0, "", " ".join(each.split()))]) for name, each in PASSAGES.items()]


def sample_set() -> list[tuple[str, Sequence[Chunk]]]:
    """Return the pieces of the sample path, cut as they are when it is published; the reference's last part names them."""
    pieces_of_path = read_path_file(sample_file()).pieces
    return [
        (each.content_ref.rsplit("/", 1)[-1], chunk_piece(each.title, each.body, each.prompt)) for each in pieces_of_path
    ]


def made_up(count: int) -> list[tuple[str, Sequence[Chunk]]]:
    """Return `count` passages of 150 words in pieces of ten, words as frequent as in English: the n-th as 1 / n.

    The stop words come first, then the words of the labelled passages, then 20,000 that nobody asks for.
    """
    dice = random.Random(20261123)
    real = {word.strip(".,;:?!").lower() for each in PASSAGES.values() for word in each.split()}
    vocabulary = [*sorted(STOP_WORDS), *dice.sample(sorted(real - STOP_WORDS), len(real - STOP_WORDS))]
    vocabulary += [f"{dice.choice('bdfgklmnprst')}{dice.choice('aeiou')}{n}" for n in range(20_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))

    def passage(idx: int) -> Chunk:
        return Chunk(idx, "", " ".join(dice.choices(vocabulary, cum_weights=weights, k=150)))

    return [(f"piece-{n:06d}", [passage(idx) for idx in range(PER_PIECE)]) for n in range(count // PER_PIECE)]


async def latency(database: Database, embedder: Embedder, size: int, rounds: int) -> None:
    """Print the median and the slowest of `rounds` searches over `size` passages."""
    texts = made_up(size)
    await fill(database, embedder, texts)
    autocommit = await database.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
    for table in ("chunk", "chunk_vector"):  # as autovacuum does in time
        await autocommit.execute(text(f"VACUUM ANALYZE formation.{table}"))
    await autocommit.close()
    questions = [question for question, *_ in QUESTIONS][:rounds]
    half = [ref for ref, _ in texts[::2]]
    taken: dict[str, list[float]] = {}

    def since(start: float, name: str) -> None:
        taken.setdefault(name, []).append(1000 * (time.perf_counter() - start))

    least, named = embedder.least_similarity, embedder.embedder_id
    async with database.connection() as conn:
        for question in questions:
            start = time.perf_counter()
            vector = (await embedder.embed([question]))[0]
            since(start, "embed the question")
            for which, refs in (("all", None), ("half", half)):
                start = time.perf_counter()
                by_text = await chunks.search(conn, question, refs, limit=DEPTH)
                since(start, f"full text, {which}")
                start = time.perf_counter()
                near = await vectors.nearest(conn, named, vector, refs, least=least, limit=DEPTH)
                since(start, f"vectors, {which}")
            start = time.perf_counter()
            fused({"text": by_text, "meaning": near}, embedder.weight)
            since(start, "rank")
            start = time.perf_counter()
            await chunks.show(conn, question, by_text[:10])
            since(start, "ten snippets")
    print(f"latency, {size} passages, {len(questions)} questions: median (slowest) ms")
    for name, each in taken.items():
        print(f"{name:20s} {statistics.median(each):8.1f} ({max(each):.1f})")


async def measure(url: str, sizes: list[int], rounds: int) -> None:
    """Print all figures, each in an emptied index."""
    async with open_embedder(load_settings()) as embedder, Database(url) as database:
        await quality(database, embedder, "own passages", own_set(), QUESTIONS)
        await quality(database, embedder, "sample path", sample_set(), SAMPLE_QUESTIONS)
        for size in sizes:
            await latency(database, embedder, size, rounds)


def main() -> None:
    """Run on a PostgreSQL of its own, which is gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[5_000, 50_000])
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    configure(load_settings(log_level="WARNING"))
    folder = Path(tempfile.mkdtemp(prefix="ruach-bench-"))
    server = EmbeddedPostgres(folder)
    try:
        url = server.ensure()
        upgrade(url)
        asyncio.run(measure(url, args.sizes, args.rounds))
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
