"""Turn authored nodes into a report: every fault by name, and one stable order in which the path can be walked.

Acyclic is not enough. A graph is also refused when a gate can never be opened, when it takes back what an earlier version
gave (decision F6: additive only), or when its phases contradict its edges. Order: each node after its prerequisites, ties
by phase, then ordinal. bench/formation_graph.py: 100,000 nodes, 2.4 prerequisites each, in under 0.3 s.
Counterparts: graph_columns.py lays the nodes out, graph_names.py looks up, graph_order.py sorts, graph_reach.py opens
gates, graph_faults.py finds the words, graph_impact.py says what a new version changes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ruach_studio.formation import graph_faults as say
from ruach_studio.formation.graph import Graph, Node, ScoreGate
from ruach_studio.formation.graph_columns import RANKS, Columns, columns_of
from ruach_studio.formation.graph_faults import Fault
from ruach_studio.formation.graph_order import Edges, edges_of_pairs, shortest_cycle, topological_order
from ruach_studio.formation.guidebook import shut_fault, word_faults
from ruach_studio.formation.scope_plan import plan_scopes
from ruach_studio.formation.scope_reach import shut_gates


@dataclass(frozen=True, slots=True)
class GraphReport:
    """`errors`: all faults, () if the graph may be saved. `order`: node ids, () if ids or edges allow none."""

    errors: tuple[Fault, ...]
    order: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Say whether the graph may be saved and published."""
        return not self.errors


def check_graph(nodes: Iterable[Node], *, previous: Graph | None) -> GraphReport:
    """Return every fault of `nodes` as the version after `previous`, and their order. The order of `nodes` is irrelevant.

    Gates are tried for reachability only when ids and edges are sound; a gate that is wrong by itself is named once and
    then taken as absent. A gate may read its own phase or an earlier one: phases are walked in order, so that a node which
    waited for a later phase would keep its own from ever being completed.
    """
    columns = columns_of(nodes)
    faults = _key_faults(columns)
    edges, edge_faults = _edges(columns)
    faults += edge_faults
    gates, gate_faults = _gates(columns)
    order = topological_order(edges)
    if len(order) < len(columns.nodes):
        faults += _cycle_fault(columns, shortest_cycle(edges, set(range(len(columns.nodes))).difference(order)))
    unsound = {"duplicate-id", "duplicate-ordinal", "missing-prerequisite", "self-prerequisite", "cycle"}
    sound = unsound.isdisjoint(fault.code for fault in faults)
    faults += gate_faults
    faults += word_faults(columns.guided)
    if sound:
        scoped = any(node.scope for node in columns.guided)
        plan = plan_scopes([columns.nodes[place] for place in order] if scoped else (), RANKS)
        gates_shut, scopes_shut = shut_gates(columns, edges, gates, plan)
        faults += [say.unreachable(columns.nodes[each.position], each) for each in gates_shut]
        faults += [shut_fault(columns.nodes[each.position], each) for each in scopes_shut]
    faults += _history_faults(columns, previous) if previous else []
    walk = tuple(columns.ids) if edges.ascending else columns.names_of(order)
    return GraphReport(tuple(faults), walk if sound else ())


def _key_faults(columns: Columns) -> list[Fault]:
    faults: list[Fault] = []
    if not columns.ids_differ:
        faults += [say.twice(name, count) for name, count in sorted(Counter(columns.ids).items()) if count > 1]
    if not columns.ordinals_differ:
        owners: dict[int, set[str]] = {}
        for node in columns.nodes:
            owners.setdefault(node.ordinal, set()).add(node.node_id)
        shared = [(ordinal, sorted(names)) for ordinal, names in sorted(owners.items()) if len(names) > 1]
        faults += [say.shared_ordinal(ordinal, names) for ordinal, names in shared]
    return faults


def _edges(columns: Columns) -> tuple[Edges, list[Fault]]:
    """Return the edges that are edges, and the faults of all."""
    nodes, count, faults = columns.nodes, len(columns.nodes), list[Fault]()
    before, after = columns.named_edges()
    broken = np.flatnonzero((before < 0) | (before == after))
    if broken.size:
        for k in broken.tolist():
            node, name = nodes[after[k]], columns.named[k]
            faults.append(say.own_prerequisite(node) if before[k] >= 0 else say.not_in_graph(node, name))
        before, after = np.delete(before, broken), np.delete(after, broken)
    for k in np.flatnonzero(columns.ranks[before] > columns.ranks[after]).tolist():
        faults.append(say.later_prerequisite(nodes[after[k]], nodes[before[k]]))
    pairs = np.sort(before * count + after)
    twice = {divmod(pair, count) for pair in pairs[1:][pairs[1:] == pairs[:-1]].tolist()}
    faults += [say.repeated(nodes[j], nodes[i]) for i, j in sorted(twice, key=lambda pair: pair[::-1])]
    return edges_of_pairs(count, pairs), faults


def _cycle_fault(columns: Columns, cycle: list[int]) -> list[Fault]:
    return [say.cycle_of(tuple(columns.ids[i] for i in (*cycle, cycle[0])))]


def _gates(columns: Columns) -> tuple[dict[int, ScoreGate], list[Fault]]:
    """Return the gates that are sound by themselves, by position, and the faults of the others."""
    gates, faults = dict[int, ScoreGate](), list[Fault]()
    ranks: list[int] = columns.ranks[columns.gated].tolist()
    sizes: list[int] = columns.sizes[columns.gated].tolist()
    for i, rank, size in zip(columns.gated, ranks, sizes, strict=True):
        gate = columns.nodes[i].gate
        if gate and 1 <= gate.minimum_bp <= 10000 and RANKS[gate.scope] <= rank and size:
            gates[i] = gate
        elif gate:
            faults += say.gate_faults(columns.nodes[i], gate)
    return gates, faults


def _history_faults(columns: Columns, previous: Graph) -> list[Fault]:
    """Return what takes back what the earlier version gave. A new id on an old ordinal is named once, as re-keyed."""
    if columns.ids_differ and columns.ordinals_differ and columns.keeps(previous.nodes):
        return []  # so that no new node can be on an old ordinal either; the usual case, without a look at each node
    faults: list[Fault] = []
    old_by_id, version = previous.by_id, previous.version
    old_by_ordinal = {node.ordinal: node for node in previous.nodes}
    replaced: set[str] = set()
    for node in columns.nodes:
        old = old_by_id.get(node.node_id)
        if old and (old.ordinal != node.ordinal or old.kind != node.kind):
            faults.append(say.changed(node, old, version))
        elif not old and (owner := old_by_ordinal.get(node.ordinal)):
            replaced.add(owner.node_id)
            faults.append(say.replaced(node, owner, version))
    gone = old_by_id.keys() - columns.index.keys() - replaced
    return faults + [say.removed(node, version) for node in previous.nodes if node.node_id in gone]
