"""Turn a member's query into ranked steps: readable ones with a snippet, locked ones by title with what would open them.

Full text and vectors look only into what the reader may read; titles are matched for every step that the reader sees. The
ranking is a decision (retrieval-v1) and goes to the audit; of the query itself only its hash is kept.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import Asked, Candidate, Hit, List, Ranking, State, checked_query, rank_hits
from ruach_studio.formation.store import artifacts, chunks, pieces
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.store.chunks import Passage, Place
from ruach_studio.formation.titles import TitleIndexes, match_titles
from ruach_studio.formation.usecases.find_passages import Passages, embed_query, find_passages
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.load_reader import Reader, load_reader
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.hashing import sha256_hex

_TITLES = TitleIndexes()


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A result as it may be shown. `node` is None for a piece on no path (staff). A locked hit has `why_locked` and no
    passage, no media and no content reference."""

    hit: Hit
    title: str
    state: State
    node: Node | None = None
    content_ref: str | None = None
    passage: Passage | None = None
    media: tuple[Artifact, ...] = ()
    why_locked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search. `degraded` says what could not be searched."""

    query: str
    hits: tuple[ShownHit, ...]
    degraded: tuple[str, ...]
    decision: DecisionResult[str]


async def search_content(
    services: FormationServices, user_id: str, query: str, *, staff: bool = False, limit: int = 10,
    path_id: str = DEFAULT_PATH,
) -> Found:  # fmt: skip
    """Return at most `limit` results for this reader. Raises BadInput for a query that is empty or too long."""
    words = checked_query(query)
    vector = await embed_query(services, words)
    async with services.database.connection() as conn:
        reader = await load_reader(services, conn, user_id, staff=staff, path_id=path_id)
        found = await find_passages(services, conn, words, vector, reader.readable_refs)
        titled = match_titles(await asyncio.to_thread(_TITLES.of, reader.graph), words)
        candidates = _candidates(reader, found, titled)
        ranking = rank_hits(asked_of(services, reader, words, found.degraded, limit), candidates.values())
        refs = {each.key: ref for ref, each in candidates.items()}
        hits = await _shown(conn, reader, words, [(hit, refs[hit.key]) for hit in ranking.hits], _best_places(found))
    decision = await record_search(services, reader, ranking)
    return Found(words, hits, found.degraded, decision)


def asked_of(services: FormationServices, reader: Reader, query: str, degraded: tuple[str, ...], limit: int) -> Asked:
    """Return what the ranking rule is asked, for this reader and moment."""
    embedder = (services.embedder.embedder_id, services.embedder.fingerprint)
    return Asked(
        sha256_hex(query.encode()), reader.as_of, limit, embedder, reader.reflected_tags, degraded, services.embedder.weight
    )


def candidate_of(reader: Reader, key: str, content_ref: str, ranks: dict[List, int]) -> Candidate:
    """Return what the ranking rule reads of one found piece or passage."""
    step = reader.by_ref.get(content_ref)
    if step is None:
        return Candidate(key, "library", ranks)
    return Candidate(key, step.state, ranks, step.node.tags, reader.read_at.get(step.node.node_id))


def key_of(reader: Reader, content_ref: str) -> str:
    """Return the name of a hit: its step's id, or `piece:` and the content reference of a piece on no path."""
    step = reader.by_ref.get(content_ref)
    return f"piece:{content_ref}" if step is None else step.node.node_id


async def record_search(services: FormationServices, reader: Reader, ranking: Ranking) -> DecisionResult[str]:
    """Record the ranking under the reader's name and return it as a decision."""
    decision = DecisionResult(ranking.verdict, reader.as_of, require_correlation_id())
    async with services.database.transaction() as tx:
        await record_decision(tx, decision, subject=f"search:{reader.user_id}", inputs=ranking.inputs)
    return decision


def _candidates(reader: Reader, found: Passages, titled: Iterable[str]) -> dict[str, Candidate]:
    """Return, per content reference, what was found of it."""
    ranks: dict[str, dict[List, int]] = {}
    lists: tuple[tuple[List, Iterable[str]], ...] = (
        ("text", (ref for ref, _ in found.text)),
        ("meaning", (ref for ref, _ in found.meaning)),
        ("title", (reader.steps[name].node.content_ref for name in titled if name in reader.steps)),
    )
    for name, refs in lists:
        for rank, ref in enumerate(dict.fromkeys(refs), 1):
            ranks.setdefault(ref, {})[name] = rank
    return {ref: candidate_of(reader, key_of(reader, ref), ref, each) for ref, each in ranks.items()}


def _best_places(found: Passages) -> dict[str, Place]:
    """Return, per piece, the passage to show: the best by its words, else by its meaning."""
    best: dict[str, Place] = {}
    for place in (*found.text, *found.meaning):
        best.setdefault(place[0], place)
    return best


async def _shown(
    conn: AsyncConnection, reader: Reader, query: str, hits: list[tuple[Hit, str]], best: dict[str, Place]
) -> tuple[ShownHit, ...]:
    readable = [ref for hit, ref in hits if not hit.locked and reader.may_read(ref)]
    # a piece that only its title named is shown with its first passage
    passages = await chunks.show(conn, query, [best.get(ref, (ref, 0)) for ref in readable])
    texts = await pieces.many(conn, readable)
    media = await artifacts.of_sessions(conn, [each.session_id for each in texts.values() if each.session_id])
    shown: list[ShownHit] = []
    for hit, ref in hits:
        step, piece = reader.by_ref.get(ref), texts.get(ref)
        if step is not None and not step.readable:
            why = reader.why_locked(step.node.node_id)
            shown.append(ShownHit(hit, step.node.title, step.state, step.node, why_locked=why))
            continue
        title = step.node.title if step else piece.title if piece else ref
        files = media.get(piece.session_id, ()) if piece and piece.session_id else ()
        passage = passages.get(best.get(ref, (ref, 0)))
        if step is None:
            shown.append(ShownHit(hit, title, "library", None, ref, passage, files))
        else:
            shown.append(ShownHit(hit, title, step.state, step.node, ref, passage, files))
    return tuple(shown)
