"""Turn two versions of a graph into every difference between them, field by field, as a reviewer reads them.

graph_impact.py tells only what can open or close a way or move a score; here new words count too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from ruach_studio.formation.graph import Graph, Node

_FIELDS = tuple(each.name for each in fields(Node) if each.name not in ("node_id", "ordinal"))


@dataclass(frozen=True, slots=True)
class NodeDiff:
    """What happened to one node. `fields`: name of a field of Node -> (before, after), only where they differ."""

    node_id: str
    change: Literal["added", "changed", "removed"]
    fields: Mapping[str, tuple[object, object]]


def diff_graphs(old: Graph, new: Graph) -> tuple[NodeDiff, ...]:
    """Return the nodes that differ: those of `new`, then those of `old` that are gone. The order of names says nothing."""
    found: list[NodeDiff] = []
    for node in new.nodes:
        before = old.by_id.get(node.node_id)
        if before is None:
            found.append(NodeDiff(node.node_id, "added", {}))
        elif changed := _changed(before, node):
            found.append(NodeDiff(node.node_id, "changed", changed))
    found += [NodeDiff(node.node_id, "removed", {}) for node in old.nodes if node.node_id not in new.by_id]
    return tuple(found)


def _changed(before: Node, after: Node) -> dict[str, tuple[object, object]]:
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in _FIELDS}
    return {name: pair for name, pair in pairs.items() if _plain(pair[0]) != _plain(pair[1])}


def _plain(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value
