"""Turn the open nodes into the few that are freshest and least alike, by recency and diversity of their tags.

The formula stands in next_step.py. Whole per mille throughout, so that the order is the same on every machine and does not
depend on the order of the candidates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Node, phase_rank
from ruach_studio.formation.graph_places import tags_of
from ruach_studio.formation.instants import Instants, to_us
from ruach_studio.formation.reach import Reach

FULL = 1_000  # per mille
RECENCY_WEIGHT = DIVERSITY_WEIGHT = 500  # per mille
FRESH_DAYS = 7
LAST_COMPLETED = 5
DAY_US = 86_400_000_000

Tags = int  # the tags of a node as bits (graph_places.py)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One picked node: days since similar content (None: never), diversity in per mille, how many nodes it alone opens."""

    node: Node
    days_since: int | None
    diversity: int
    opens: int


def rank_by_recency_and_diversity(
    graph: Graph, evidence: Evidence, reach: Reach, candidates: Iterable[Node], picked: Sequence[Node], *, as_of: datetime,
    limit: int,
) -> list[Ranked]:  # fmt: skip
    """Return up to `limit` of `candidates`, the best first; `picked` nodes count as already chosen for diversity."""
    if not limit:
        return []
    of, bits = graph.places.index, graph.places.tags
    pool = {node.node_id: node for node in candidates}
    tags = {name: bits[of[name]] for name in pool}
    opens = dict(zip(pool, reach.opens([of[name] for name in pool]), strict=True))
    days = _days_since(graph, evidence, set(tags.values()), as_of)
    fresh = {each: RECENCY_WEIGHT * _recency(since) for each, since in days.items()}
    overlap = dict.fromkeys(days, 0)
    found: list[Ranked] = []
    pending = [*_last_completed(graph, evidence), *picked]
    while pool and len(found) < limit:
        for like in {bits[of[node.node_id]] for node in pending}:
            for each, most in overlap.items():
                if (shared := FULL * (each & like).bit_count() // (each | like).bit_count()) > most:  # Jaccard
                    overlap[each] = shared
        rank = {each: (fresh[each] + DIVERSITY_WEIGHT * (FULL - most)) // FULL for each, most in overlap.items()}
        best = max([rank[tags[name]] for name in pool])
        most_opened = max([opens[name] for name in pool if rank[tags[name]] == best])
        ties = [(phase_rank(node.phase), graph.depth[name], node.ordinal, name)
                for name, node in pool.items() if opens[name] == most_opened and rank[tags[name]] == best]  # fmt: skip
        *_, name = min(ties)
        node, own = pool.pop(name), tags[name]
        found.append(Ranked(node, days[own], FULL - overlap[own], most_opened))
        pending = [node]
    return found


def _recency(days: int | None) -> int:
    return FULL if days is None else FULL * min(days, FRESH_DAYS) // FRESH_DAYS


def _days_since(graph: Graph, evidence: Evidence, wanted: Iterable[Tags], as_of: datetime) -> dict[Tags, int | None]:
    """Return, per set of tags, the days since any of them was seen, at the offset of `as_of`; None if none was."""
    seen, offset = _last_seen(graph, evidence), (as_of.utcoffset() or timedelta(0)) // timedelta(microseconds=1)
    today = (to_us(as_of) + offset) // DAY_US
    ages = {1 << bit: max(today - (seen[tag] + offset) // DAY_US, 0)
            for bit, tag in enumerate(graph.places.tag_names) if tag in seen}  # fmt: skip
    return {each: min([ages[bit] for bit in _bits(each) if bit in ages], default=None) for each in wanted}


def _bits(tags: Tags) -> Iterable[Tags]:
    while tags:
        yield (lowest := tags & -tags)
        tags ^= lowest


def _last_seen(graph: Graph, evidence: Evidence) -> dict[str, int]:
    """Return when each tag was last seen (us); for nodes without tags, when one of their kind was begun or done."""
    seen = dict(Instants.of(evidence.last_seen_by_tag).us)
    for times in (evidence.started, evidence.completed):
        names = graph.untagged & times.keys()
        us = Instants.of(times).us if names else {}
        for name in names:
            (tag,) = tags_of(graph.by_id[name])
            seen[tag] = max(seen.get(tag, us[name]), us[name])
    return seen


def _last_completed(graph: Graph, evidence: Evidence) -> list[Node]:
    """Return the nodes completed last, the latest last; of those completed at the same time the higher ordinals."""
    times = Instants.of(evidence.completed)
    wanted = LAST_COMPLETED
    while True:
        names = times.latest(wanted)
        known = [(times.us[name], node.ordinal, node) for name in names if (node := graph.by_id.get(name))]
        if len(known) >= LAST_COMPLETED or len(names) == len(times):
            return [node for *_, node in sorted(known, key=itemgetter(0, 1))[-LAST_COMPLETED:]]
        wanted *= 4  # ids that this graph does not know stood in the way
