"""Turn a graph and a query into the nodes whose title, tags or description speak of it, the best first.

This is all that a search may say about a locked node: titles are shown to everybody on the path, texts are not. A word
that stands only in a locked text must therefore find nothing (a hit alone would tell that it is there). Counted are the
distinct stems of the query that a node has, then points (title 4, tag 3, description 1); ties keep the path's order.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.words import stems_of

TITLE, TAG, DESCRIPTION = 4, 3, 1
KEPT = 16


@dataclass(frozen=True)
class TitleIndex:
    """The stems of one graph's titles, tags and descriptions: stem -> node id -> points."""

    graph: Graph
    points: Mapping[str, Mapping[str, int]]


def index_titles(graph: Graph) -> TitleIndex:
    """Return the index of a graph version."""
    found: dict[str, dict[str, int]] = {}
    for node in graph.nodes:
        for stem, points in _points(node).items():
            found.setdefault(stem, {})[node.node_id] = points
    return TitleIndex(graph, found)


def match_titles(index: TitleIndex, query: str) -> tuple[str, ...]:
    """Return the ids of the nodes that have at least half of the query's distinct stems (rounded up), the best first."""
    stems = dict.fromkeys(stems_of(query))
    matched: Counter[str] = Counter()
    points: Counter[str] = Counter()
    for stem in stems:
        for node_id, each in index.points.get(stem, {}).items():
            matched[node_id] += 1
            points[node_id] += each
    least = -(-len(stems) // 2)
    place = index.graph.position
    named = [node_id for node_id, count in matched.items() if count >= least]
    return tuple(sorted(named, key=lambda name: (-matched[name], -points[name], place[name], name)))


def _points(node: Node) -> Mapping[str, int]:
    points: dict[str, int] = {}
    for text, each in ((node.description, DESCRIPTION), (" ".join(sorted(node.tags)), TAG), (node.title, TITLE)):
        for stem in stems_of(text):
            points[stem] = max(points.get(stem, 0), each)
    return points


class TitleIndexes:
    """The indexes of the graphs that were searched last, at most KEPT. A graph never changes, so nothing is ever stale."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, TitleIndex] = OrderedDict()

    def of(self, graph: Graph) -> TitleIndex:
        """Return the index of this very graph object."""
        kept = self._kept.get(id(graph))
        if kept is None or kept.graph is not graph:
            kept = self._kept[id(graph)] = index_titles(graph)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return kept
