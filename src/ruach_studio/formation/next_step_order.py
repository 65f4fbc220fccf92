"""Turn the open nodes into the few that are freshest and least alike, by recency and diversity of their tags.

The formula stands in next_step.py. Whole per mille throughout, so that the order is the same on every machine and does not
depend on the order of the candidates.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Node, phase_rank
from ruach_studio.formation.instants import Instants
from ruach_studio.formation.opening import all_done

FULL = 1_000  # per mille
RECENCY_WEIGHT = DIVERSITY_WEIGHT = 500  # per mille
FRESH_DAYS = 7
LAST_COMPLETED = 5

Tags = frozenset[str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One picked node: days since similar content (None: never), diversity in per mille, how many nodes it alone opens."""

    node: Node
    days_since: int | None
    diversity: int
    opens: int


def rank_by_recency_and_diversity(
    graph: Graph, evidence: Evidence, candidates: Iterable[Node], picked: Sequence[Node], *, as_of: datetime, limit: int
) -> list[Ranked]:
    """Return up to `limit` of `candidates`, the best first; `picked` nodes count as already chosen for diversity."""
    pool = {node.node_id: node for node in candidates}
    tags = {name: tags_of(node) for name, node in pool.items()}
    seen = _last_seen(graph, evidence)
    days = {each: _days_since(each, seen, as_of) for each in set(tags.values())}
    done = all_done(evidence)
    overlap = dict.fromkeys(days, 0)
    found: list[Ranked] = []
    pending = [*_last_completed(graph, evidence), *picked]
    while pool and len(found) < limit:
        for like in {tags_of(node) for node in pending}:
            overlap = {each: max(most, _jaccard(each, like)) for each, most in overlap.items()}
        rank = {each: _rank(days[each], FULL - overlap[each]) for each in days}
        best = max(rank[tags[name]] for name in pool)
        ties = [(-_opens(graph, done, node), phase_rank(node.phase), graph.depth[name], node.ordinal, name)
                for name, node in pool.items() if rank[tags[name]] == best]  # fmt: skip
        opens, *_, name = min(ties)
        node = pool.pop(name)
        found.append(Ranked(node, days[tags[name]], FULL - overlap[tags[name]], -opens))
        pending = [node]
    return found


def tags_of(node: Node) -> Tags:
    """Return the node's tags, or its kind for a tag if it has none."""
    return node.tags or frozenset({f"kind:{node.kind}"})


def _rank(days: int | None, diversity: int) -> int:
    recency = FULL if days is None else FULL * min(days, FRESH_DAYS) // FRESH_DAYS
    return (RECENCY_WEIGHT * recency + DIVERSITY_WEIGHT * diversity) // FULL


def _days_since(tags: Tags, seen: dict[str, datetime], as_of: datetime) -> int | None:
    times = [seen[tag] for tag in tags if tag in seen]
    return max((as_of.date() - max(times).astimezone(as_of.tzinfo).date()).days, 0) if times else None


def _last_seen(graph: Graph, evidence: Evidence) -> dict[str, datetime]:
    """Return when each tag was last seen; for nodes without tags, when one of their kind was begun or done."""
    seen = dict(evidence.last_seen_by_tag)
    for times in (evidence.started, evidence.completed):
        for name in graph.untagged & times.keys():
            (tag,) = tags_of(graph.by_id[name])
            seen[tag] = max(seen.get(tag, times[name]), times[name])
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


def _jaccard(left: Tags, right: Tags) -> int:
    return FULL * len(left & right) // len(left | right)


def _opens(graph: Graph, done: Set[str], node: Node) -> int:
    """Return how many nodes wait for this one alone (their gates apart)."""
    return sum(
        not follower.deprecated
        and follower.node_id not in done
        and all(
            name == node.node_id or name in done or ((other := graph.by_id.get(name)) and other.deprecated)
            for name in follower.prerequisites
        )
        for follower in map(graph.by_id.__getitem__, graph.opens.get(node.node_id, ()))
    )
