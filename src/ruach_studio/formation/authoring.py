"""Turn what an author hands in into the nodes and the mapping of a path's next version.

Ordinals: a node that was ever published keeps its own; a new one gets the next free number, in the order of listing; none
is ever given twice (decision F6). Mapping: an author withdraws a node (deprecated) and says where its work goes on:
`renames` old -> one new id (renamed), several (split) or none (retired); `merges` new -> the old ones that go on in it
together. Stored is {"from": n, "nodes": {oldId: {"kind", "to", "need"}}}; a node that is not named is the same, one that is
withdrawn without a word is retired. graph_check.py checks the nodes; who migrates a member reads the mapping.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.graph_faults import Fault

UNNUMBERED = 0  # the ordinal of a node as its author writes it
_REMEDY = "Correct `renames` and `merges`."


@dataclass(frozen=True, slots=True)
class Merge:
    """The old nodes that go on in a new one; `need`: it counts as done once all of them are, or any."""

    parts: tuple[str, ...]
    need: Literal["all", "any"] = "all"


@dataclass(frozen=True, slots=True)
class Authored:
    """What an author hands in: nodes without ordinals, and where the work of withdrawn nodes goes on."""

    nodes: tuple[Node, ...]
    renames: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    merges: Mapping[str, Merge] = field(default_factory=dict)


def numbered(nodes: Sequence[Node], registry: Mapping[str, int]) -> tuple[Node, ...]:
    """Return the nodes with their ordinals, by ordinal. `registry`: every id of the path that was ever published.

    An id that stands twice gets one ordinal: the check names it as a duplicate.
    """
    ordinals = dict(registry)
    free = max(registry.values(), default=0) + 1
    for node in nodes:
        if node.node_id not in ordinals:
            ordinals[node.node_id] = free
            free += 1
    return tuple(sorted((replace(node, ordinal=ordinals[node.node_id]) for node in nodes), key=lambda node: node.ordinal))


def mapping_of(previous: Graph | None, authored: Authored) -> tuple[dict[str, Any], list[Fault]]:
    """Return the mapping to store with the version after `previous`, and what is wrong with it."""
    if previous is None:
        named = sorted({*authored.renames, *(part for merge in authored.merges.values() for part in merge.parts)})
        first = "this is the first version, so there is nothing to map"
        return {}, [Fault("bad-mapping", tuple(named), first, _REMEDY)] if named else []
    after = {node.node_id: node for node in authored.nodes}
    fates: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    for name, fate in _fates(authored):
        if name in fates:
            faults.append(Fault("bad-mapping", (name,), f"{name!r} is mapped more than once", "Name each old node once."))
        fates[name] = fate
    for name, fate in fates.items():
        fact = _wrong(previous.by_id.get(name), after, fate)
        if fact:
            faults.append(Fault("bad-mapping", (name, *fate["to"]), f"{name!r} {fact}", _REMEDY))
    for node in previous.nodes:
        withdrawn = not node.deprecated and node.node_id in after and after[node.node_id].deprecated
        if withdrawn and node.node_id not in fates:
            fates[node.node_id] = {"kind": "retired", "to": [], "need": "all"}
    return {"from": previous.version, "nodes": dict(sorted(fates.items()))}, faults


def _fates(authored: Authored) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, heirs in authored.renames.items():
        kind = "retired" if not heirs else "renamed" if len(heirs) == 1 else "split"
        yield name, {"kind": kind, "to": list(heirs), "need": "all"}
    for into, merge in authored.merges.items():
        for part in merge.parts:
            yield part, {"kind": "merge", "to": [into], "need": merge.need}


def _wrong(before: Node | None, after: Mapping[str, Node], fate: Mapping[str, Any]) -> str:
    """Return what is wrong with one fate, as the rest of a sentence; "" if nothing is."""
    if before is None:
        return "is mapped, but the version before has no such node"
    heirs: list[str] = fate["to"]
    stays = before.node_id in after and not after[before.node_id].deprecated
    if stays and heirs != [before.node_id]:
        return "is mapped, but stays in the path; deprecate it, or its work would count twice"
    for heir in heirs:
        node = after.get(heir)
        if node is None:
            return f"goes on as {heir!r}, which is not in the graph"
        if node.deprecated:
            return f"goes on as {heir!r}, which is withdrawn itself"
        if node.kind != before.kind:
            return f"is a {before.kind} and goes on as {heir!r}, a {node.kind}: one cannot stand for the other"
    return "goes on as the same node twice" if len(set(heirs)) < len(heirs) else ""
