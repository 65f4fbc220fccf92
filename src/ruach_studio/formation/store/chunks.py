"""The SQL of passages: written with their piece, found by full text. Every search names the pieces that it may look into.

A plain question finds passages with any of its words, those with all of them first; with quotes, OR or a minus it means
exactly what it says. Ranks are `ts_rank_cd` in whole millionths, then the passage's id, so that ties always fall alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.chunking import Chunk
from ruach_studio.formation.store.tables import METADATA

CHUNK = sa.Table(
    "chunk",
    METADATA,
    sa.Column("content_ref", sa.Text, primary_key=True),
    sa.Column("idx", sa.Integer, primary_key=True),
    sa.Column("heading", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("words", sa.Integer, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("tsv", TSVECTOR, sa.FetchedValue()),
)

MARK_START, MARK_STOP = "\ue000", "\ue001"  # private use: they stand in no text, and nobody takes them for markup
_QUERY = (
    "(SELECT CASE WHEN :exact THEN websearch_to_tsquery('english', :query) ELSE"
    " CAST(replace(CAST(plainto_tsquery('english', :query) AS text), ' & ', ' | ') AS tsquery) END AS any_of,"
    " websearch_to_tsquery('english', :query) AS all_of) AS q"
)
# OFFSET 0: the words' index first, whatever the planner thinks of the list of pieces, which it cannot see
_FOUND = (
    f"SELECT c.content_ref, c.idx FROM (SELECT f.content_ref, f.idx, f.tsv, q.any_of, q.all_of"  # noqa: S608  (no value in it)
    f" FROM formation.chunk f, {_QUERY} WHERE f.tsv @@ q.any_of OFFSET 0) AS c"
)
_BEST = (
    " ORDER BY (c.tsv @@ c.all_of) DESC, floor(ts_rank_cd(c.tsv, c.any_of) * 1000000) DESC, c.content_ref, c.idx"
    " LIMIT :limit"
)
# a list to join with: `= ANY(list)` is walked for every row once the statement is prepared
IN_THESE = " c.content_ref IN (SELECT unnest(CAST(:refs AS text[])))"
_SEARCH, _SEARCH_THESE = sa.text(_FOUND + _BEST), sa.text(f"{_FOUND} WHERE{IN_THESE}{_BEST}")
_SHOW = sa.text(
    "SELECT c.content_ref, c.idx, c.heading, c.text, c.words, c.sha256,"  # noqa: S608
    " ts_headline('english', c.text, q.any_of, :options) AS snippet"
    f" FROM formation.chunk c JOIN unnest(CAST(:wanted AS text[]), CAST(:places AS integer[])) AS w(ref, idx)"
    f" ON c.content_ref = w.ref AND c.idx = w.idx, {_QUERY}"
)
_OPTIONS = f"StartSel={MARK_START}, StopSel={MARK_STOP}, MaxWords=40, MinWords=20, MaxFragments=1"

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as it is shown to somebody who may read it. `snippet` is a part of its text with the found words marked."""

    content_ref: str
    idx: int
    heading: str
    text: str
    words: int
    sha256: str
    snippet: str


async def replace(tx: AsyncConnection, content_ref: str, chunks: Sequence[Chunk]) -> int:
    """Make `chunks` the passages of a piece; return how many were written. A passage that is the same is left alone."""
    rows = await tx.execute(sa.select(CHUNK.c.idx, CHUNK.c.sha256).where(CHUNK.c.content_ref == content_ref))
    standing = {row.idx: row.sha256 for row in rows}
    fresh = [chunk for chunk in chunks if standing.get(chunk.idx) != chunk.sha256]
    gone = standing.keys() - {chunk.idx for chunk in chunks} | {chunk.idx for chunk in fresh}
    if gone:
        await tx.execute(sa.delete(CHUNK).where((CHUNK.c.content_ref == content_ref) & CHUNK.c.idx.in_(sorted(gone))))
    if fresh:
        values: list[dict[str, Any]] = [
            {
                "content_ref": content_ref, "idx": chunk.idx, "heading": chunk.heading, "text": chunk.text,
                "words": chunk.words, "sha256": chunk.sha256,
            }
            for chunk in fresh
        ]  # fmt: skip
        await tx.execute(sa.insert(CHUNK), values)
    return len(fresh)


async def search(conn: AsyncConnection, query: str, refs: Sequence[str] | None, *, limit: int) -> list[Place]:
    """Return the best passages of the pieces `refs` (None: of all), as (content reference, place), the best first."""
    if refs is not None and not refs:
        return []
    given: dict[str, Any] = {"query": query, "exact": is_exact(query), "limit": limit}
    rows = await conn.execute(_SEARCH, given) if refs is None else await conn.execute(_SEARCH_THESE, {**given, "refs": refs})
    return [(row.content_ref, row.idx) for row in rows]


async def show(conn: AsyncConnection, query: str, places: Sequence[Place]) -> dict[Place, Passage]:
    """Return these passages with snippets; those that are gone meanwhile are left out."""
    given = {
        "query": query, "exact": is_exact(query), "options": _OPTIONS,
        "wanted": [ref for ref, _ in places], "places": [idx for _, idx in places],
    }  # fmt: skip
    return {(row.content_ref, row.idx): Passage(**row._mapping) for row in await conn.execute(_SHOW, given)}


def is_exact(query: str) -> bool:
    """Say whether a query uses the signs that mean something: "a phrase", OR, -without."""
    return '"' in query or any(word.lower() == "or" or (word[0] == "-" and len(word) > 1) for word in query.split())
