"""Turn a question into the passages that an assistant would be given: granted text only, cited, within a budget of words.

The same searches and the same rule as the member's own search, passage by passage. What is locked for the member is not in
it, not even by title: an assistant repeats what it is told.
"""

from dataclasses import dataclass

from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import Hit, List, checked_query, rank_hits, within_budget
from ruach_studio.formation.store import artifacts, chunks, pieces
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.store.chunks import Passage, Place
from ruach_studio.formation.usecases.find_passages import Passages, embed_query, find_passages
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.load_reader import load_reader
from ruach_studio.formation.usecases.search_content import asked_of, candidate_of, record_search
from ruach_studio.kernel.decision import DecisionResult

MOST_PASSAGES = 20


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage with its number in the answer (from 1), where it stands, and the media that shows it."""

    number: int
    hit: Hit
    title: str
    node: Node | None
    passage: Passage
    media: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What an assistant is given. `words` counts the passages' texts."""

    query: str
    passages: tuple[Cited, ...]
    words: int
    degraded: tuple[str, ...]
    decision: DecisionResult[str]

    @property
    def text(self) -> str:
        """Return the passages as one text, each under its number, title and headings."""
        return "\n\n".join(f"[{each.number}] {each.passage.heading}\n{each.passage.text}" for each in self.passages)


async def gather_context(
    services: FormationServices, user_id: str, query: str, *, staff: bool = False, words: int = 600,
    path_id: str = DEFAULT_PATH,
) -> Context:  # fmt: skip
    """Return the best passages that this reader may read, together at most `words` words. Raises BadInput as search does."""
    asked_words = checked_query(query)
    vector = await embed_query(services, asked_words)
    async with services.database.connection() as conn:
        reader = await load_reader(services, conn, user_id, staff=staff, path_id=path_id)
        found = await find_passages(services, conn, asked_words, vector, reader.readable_refs)
        ranks = _ranks(found)
        candidates = [candidate_of(reader, _key(place), place[0], each) for place, each in ranks.items()]
        ranking = rank_hits(asked_of(services, reader, asked_words, found.degraded, MOST_PASSAGES), candidates)
        placed = {_key(place): place for place in ranks}
        shown = await chunks.show(conn, asked_words, [placed[hit.key] for hit in ranking.hits])
        readable = [
            (hit, passage)
            for hit in ranking.hits
            if (passage := shown.get(placed[hit.key])) and not hit.locked and reader.may_read(passage.content_ref)
        ]
        chosen = [readable[n] for n in within_budget([passage.words for _, passage in readable], words)]
        texts = await pieces.many(conn, [passage.content_ref for _, passage in chosen])
        media = await artifacts.of_sessions(conn, [each.session_id for each in texts.values() if each.session_id])
    decision = await record_search(services, reader, ranking)
    cited: list[Cited] = []
    for number, (hit, passage) in enumerate(chosen, 1):
        step, piece = reader.by_ref.get(passage.content_ref), texts.get(passage.content_ref)
        title = step.node.title if step else piece.title if piece else passage.content_ref
        files = media.get(piece.session_id, ()) if piece and piece.session_id else ()
        cited.append(Cited(number, hit, title, step.node if step else None, passage, files))
    return Context(asked_words, tuple(cited), sum(each.passage.words for each in cited), found.degraded, decision)


def _ranks(found: Passages) -> dict[Place, dict[List, int]]:
    ranks: dict[Place, dict[List, int]] = {}
    lists: tuple[tuple[List, list[Place]], ...] = (("text", found.text), ("meaning", found.meaning))
    for name, places in lists:
        for rank, place in enumerate(places, 1):
            ranks.setdefault(place, {})[name] = rank
    return ranks


def _key(place: Place) -> str:
    return f"{place[0]}#{place[1]:05d}"
