"""Turn the open nodes into the few that are freshest and least alike, by recency and diversity of their tags.

The formula stands in next_step.py. Whole per mille throughout, so that the order is the same on every machine and does not
depend on the order of the candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

import numpy as np

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.graph_places import Ints, Places, tags_of
from ruach_studio.formation.instants import Instants, to_us
from ruach_studio.formation.reach import Reach

FULL = 1_000  # per mille
RECENCY_WEIGHT = DIVERSITY_WEIGHT = 500  # per mille
FRESH_DAYS = 7
LAST_COMPLETED = 5
DAY_US = 86_400_000_000
NEVER = 2**62  # days: later than all


@dataclass(frozen=True, slots=True)
class Ranked:
    """One picked node: days since similar content (None: never), diversity in per mille, how many nodes it alone opens."""

    node: Node
    days_since: int | None
    diversity: int
    opens: int


def rank_by_recency_and_diversity(
    graph: Graph, evidence: Evidence, reach: Reach, candidates: Ints, picked: Sequence[Node], *, as_of: datetime, limit: int
) -> list[Ranked]:
    """Return up to `limit` of `candidates` (places), the best first; `picked` count as already chosen for diversity."""
    if not limit or not len(candidates):
        return []
    places, index = graph.places, graph.places.index
    days, opens = _days_since(graph, evidence, candidates, as_of), reach.opens(candidates)
    fresh = RECENCY_WEIGHT * np.where(days == NEVER, FULL, FULL * np.minimum(days, FRESH_DAYS) // FRESH_DAYS)
    overlap, left = np.zeros_like(candidates), np.ones(len(candidates), np.bool_)
    found: list[Ranked] = []
    pending = np.array([index[node.node_id] for node in (*_last_completed(graph, evidence), *picked)], np.int64)
    while len(found) < limit and left.any():
        overlap = np.maximum(overlap, _most_alike(places, candidates, pending))
        rank = np.where(left, (fresh + DIVERSITY_WEIGHT * (FULL - overlap)) // FULL, -1)
        best = rank == rank.max()
        best &= opens == opens[best].max()
        ties = [(places.ranks[place], graph.depth[(node := graph.nodes[place]).node_id], node.ordinal, node.node_id, k)
                for k in np.flatnonzero(best).tolist() for place in (candidates[k],)]  # fmt: skip
        *_, k = min(ties)
        since = int(days[k])
        node = graph.nodes[candidates[k]]
        found.append(Ranked(node, None if since == NEVER else since, FULL - int(overlap[k]), int(opens[k])))
        left[k] = False
        pending = candidates[k : k + 1]
    return found


def _most_alike(places: Places, candidates: Ints, others: Ints) -> Ints:
    """Return, per candidate, the largest Jaccard overlap of its tags with one of `others`, in per mille; 0 of none."""
    words, sizes = places.tag_words, places.tag_lists.lengths
    shared = np.bitwise_count(words[candidates] & words[others][:, np.newaxis]).sum(axis=2, dtype=np.int64)
    either = sizes[candidates] + sizes[others][:, np.newaxis] - shared
    most: Ints = (FULL * shared // either).max(axis=0, initial=0)
    return most


def _days_since(graph: Graph, evidence: Evidence, wanted: Ints, as_of: datetime) -> Ints:
    """Return, per place, the days since one of its tags was seen, at the offset of `as_of`; NEVER if none was."""
    number, offset = graph.places.tag_number, (as_of.utcoffset() or timedelta(0)) // timedelta(microseconds=1)
    seen = [(number[tag], us) for tag, us in _last_seen(graph, evidence).items() if tag in number]
    ages = np.full(len(number), NEVER, np.int64)
    if seen:
        tags, us = np.array(seen, np.int64).T
        ages[tags] = np.maximum((to_us(as_of) + offset) // DAY_US - (us + offset) // DAY_US, 0)
    of_each, heads = graph.places.tag_lists.of(wanted)
    return np.minimum.reduceat(ages[of_each], heads)


def _last_seen(graph: Graph, evidence: Evidence) -> dict[str, int]:
    """Return when each tag was last seen (us); for nodes without tags, when one of their kind was begun or done."""
    seen = dict(Instants.of(evidence.last_seen_by_tag).us)
    for times in (evidence.started, evidence.completed) if graph.untagged else ():
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
