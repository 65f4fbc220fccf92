"""Turn authored nodes into a report: every fault by name, and one stable order in which the path can be walked.

Acyclic is not enough. A graph is also refused when a gate can never be opened, when it takes back what an earlier version
gave (decision F6: additive only), or when its phases contradict its edges. Order: each node after its prerequisites, ties
by phase, then ordinal. bench/formation_graph.py: 100,000 nodes, 2.4 prerequisites each, numbered as walked, in under 0.3 s.
Counterparts: graph_order.py sorts, graph_reach.py opens gates, graph_impact.py says what a new version changes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import attrgetter

import numpy as np

from ruach_studio.formation.graph import PHASES, Graph, Node, Phase, ScoreGate, phase_rank
from ruach_studio.formation.graph_faults import Fault
from ruach_studio.formation.graph_order import Edges, edges_of, shortest_cycle, topological_order
from ruach_studio.formation.graph_reach import ClosedGate
from ruach_studio.formation.guidebook import shut_fault, word_faults
from ruach_studio.formation.scope_plan import plan_scopes
from ruach_studio.formation.scope_reach import shut_gates

_RANK = {phase: phase_rank(phase) for phase in PHASES}


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
    ranked = _by_phase_and_ordinal(nodes)
    ids = [node.node_id for node in ranked]
    faults = _key_faults(ranked, ids)
    edges, edge_faults = _edges(ranked, ids)
    faults += edge_faults
    gates, gate_faults = _gates(ranked)
    order = topological_order(edges)
    if len(order) < len(ranked):
        faults += _cycle_fault(ranked, shortest_cycle(edges, set(range(len(ranked))).difference(order)))
    unsound = {"duplicate-id", "duplicate-ordinal", "missing-prerequisite", "self-prerequisite", "cycle"}
    sound = unsound.isdisjoint(fault.code for fault in faults)
    faults += gate_faults
    faults += word_faults(ranked)
    if sound:
        plan = plan_scopes([ranked[i] for i in order] if any(node.scope for node in ranked) else (), _RANK)
        gates_shut, scopes_shut = shut_gates(ranked, edges, gates, plan)
        faults += [_closed(ranked[gate.position], gate) for gate in gates_shut]
        faults += [shut_fault(ranked[each.position], each) for each in scopes_shut]
    faults += _history_faults(ranked, previous) if previous else []
    return GraphReport(tuple(faults), tuple(map(ids.__getitem__, order)) if sound else ())


def _by_phase_and_ordinal(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes in the order that breaks ties; ids after ordinals, so that even a faulty graph reads the same."""
    buckets: dict[Phase, list[Node]] = {phase: [] for phase in PHASES}
    for node in nodes:
        buckets[node.phase].append(node)
    key = attrgetter("ordinal", "node_id")
    return [node for bucket in buckets.values() for node in sorted(bucket, key=key)]


def _key_faults(ranked: Sequence[Node], ids: Sequence[str]) -> list[Fault]:
    faults: list[Fault] = []
    if len(set(ids)) < len(ids):
        twice = sorted((name, count) for name, count in Counter(ids).items() if count > 1)
        faults += [
            Fault("duplicate-id", (name,), f"{name!r} stands {count} times in the graph", "Give each node its own id.")
            for name, count in twice
        ]
    if len({node.ordinal for node in ranked}) < len(ranked):
        owners: dict[int, set[str]] = {}
        for node in ranked:
            owners.setdefault(node.ordinal, set()).add(node.node_id)
        faults += [
            Fault("duplicate-ordinal", tuple(sorted(names)), f"ordinal {ordinal} is given to {_listed(sorted(names))}",
                  "Give the newer one the next free ordinal of the path.")
            for ordinal, names in sorted(owners.items()) if len(names) > 1
        ]  # fmt: skip
    return faults


def _edges(ranked: Sequence[Node], ids: Sequence[str]) -> tuple[Edges, list[Fault]]:
    """Return the edges that are edges, and the faults of all."""
    count, named = len(ranked), [node.prerequisites for node in ranked]
    index = dict(zip(ids, range(count), strict=True))
    before = np.fromiter(map(index.get, chain.from_iterable(named), repeat(-1)), np.int64)
    after = np.repeat(np.arange(count), np.fromiter(map(len, named), np.int64, count))
    broken = np.flatnonzero((before < 0) | (before == after))
    faults: list[Fault] = []
    if broken.size:
        names = list(chain.from_iterable(named))
        faults += [_no_edge(ranked[after[k]], names[k], known=bool(before[k] >= 0)) for k in broken]
        before, after = np.delete(before, broken), np.delete(after, broken)
    ranks = np.fromiter(map(_RANK.__getitem__, map(attrgetter("phase"), ranked)), np.int64, count)
    for k in np.flatnonzero(ranks[before] > ranks[after]):
        faults.append(_later_prerequisite(ranked[after[k]], ranked[before[k]]))
    pairs = np.sort(after * count + before)
    for pair in np.unique(pairs[1:][pairs[1:] == pairs[:-1]]).tolist():
        faults.append(_repeated(ranked[pair // count], ranked[pair % count]))
    return edges_of(count, before, after), faults


def _no_edge(node: Node, name: str, *, known: bool) -> Fault:
    if known:
        return Fault("self-prerequisite", (name,), f"{name!r} is its own prerequisite, so it can never be opened",
                     "Take it out of its own prerequisites.")  # fmt: skip
    return Fault("missing-prerequisite", (node.node_id, name), f"{node.node_id!r} needs {name!r}, which is not in the graph",
                 "Add that node, or drop the prerequisite.")  # fmt: skip


def _repeated(node: Node, before: Node) -> Fault:
    return Fault("repeated-prerequisite", (node.node_id, before.node_id),
                 f"{node.node_id!r} names {before.node_id!r} more than once", "Name each prerequisite once.")  # fmt: skip


def _later_prerequisite(node: Node, before: Node) -> Fault:
    return Fault("later-prerequisite", (node.node_id, before.node_id),
                 f"{node.node_id!r} of phase {node.phase} needs {before.node_id!r} of the later phase {before.phase}",
                 "Move one of them to the other's phase, or drop the prerequisite.")  # fmt: skip


def _cycle_fault(ranked: Sequence[Node], cycle: Sequence[int]) -> list[Fault]:
    path = tuple(ranked[i].node_id for i in (*cycle, cycle[0]))
    return [Fault("cycle", path, f"{' → '.join(path)}: each is a prerequisite of the next, so none can ever be opened",
                  "Drop one of these prerequisites.")]  # fmt: skip


def _gates(ranked: Sequence[Node]) -> tuple[dict[int, ScoreGate], list[Fault]]:
    """Return the gates that are sound by themselves, by position, and the faults of the others."""
    gates: dict[int, ScoreGate] = {}
    faults: list[Fault] = []
    for i, node in enumerate(ranked):
        gate = node.gate
        if gate is None:
            continue
        wrong = _gate_faults(node, gate)
        faults += wrong
        if not wrong:
            gates[i] = gate
    return gates, faults


def _gate_faults(node: Node, gate: ScoreGate) -> list[Fault]:
    name, faults = node.node_id, list[Fault]()
    if not node.prerequisites:
        faults.append(Fault("root-gate", (name,), f"{name!r} has a score gate but no prerequisite",
                            "Name what comes before it, or drop the gate."))  # fmt: skip
    if not 1 <= gate.minimum_bp <= 10000:
        faults.append(Fault("gate-out-of-range", (name,), f"the gate of {name!r} is {gate.minimum_bp} basis points",
                            "Choose 1 to 10000 (10000 = a score of 1.0), or drop the gate."))  # fmt: skip
    if phase_rank(gate.scope) > phase_rank(node.phase):
        faults.append(Fault("later-gate-scope", (name,),
                            f"{name!r} of phase {node.phase} waits for a score in the later phase {gate.scope}",
                            f"Let the gate read {node.phase} or an earlier phase."))  # fmt: skip
    return faults


def _closed(node: Node, closed: ClosedGate) -> Fault:
    counts = ", ".join(f"{kind}s {done} of {required}" for kind, done, required in closed.done) or "nothing to do there"
    scope, asked, best = closed.gate.scope, _score(closed.gate.minimum_bp), _score(closed.best_bp)
    lower = f"Lower the gate to {best} or less" if closed.best_bp else "Drop the gate"
    return Fault("unreachable-gate", (node.node_id,),
                 f"nobody can ever open {node.node_id!r}: it asks for a score of {asked} in {scope}, and without it and "
                 f"what comes behind it {best} is the most that can be reached ({counts})",
                 f"{lower}, or put less of {scope} behind it.")  # fmt: skip


def _history_faults(ranked: Sequence[Node], previous: Graph) -> list[Fault]:
    """Return what takes back what the earlier version gave. A new id on an old ordinal is named once, as re-keyed."""
    faults: list[Fault] = []
    old_by_id = previous.by_id
    old_by_ordinal = {node.ordinal: node for node in previous.nodes}
    replaced: set[str] = set()
    for node in ranked:
        name, old = node.node_id, old_by_id.get(node.node_id)
        if old and (old.ordinal != node.ordinal or old.kind != node.kind):
            was, now = (f"ordinal {old.ordinal}", node.ordinal) if old.ordinal != node.ordinal else (old.kind, node.kind)
            faults.append(_rekeyed((name,), f"{name!r} was {was} in version {previous.version} and is now {now}"))
        elif not old and (owner := old_by_ordinal.get(node.ordinal)):
            replaced.add(owner.node_id)
            fact = f"ordinal {node.ordinal} belongs to {owner.node_id!r} since version {previous.version} or earlier"
            faults.append(_rekeyed((owner.node_id, name), f"{fact} and is now given to {name!r}"))
    gone = old_by_id.keys() - {node.node_id for node in ranked} - replaced
    faults += [
        Fault("removed", (node.node_id,), f"{node.node_id!r} stands in version {previous.version} and is gone",
              "Put it back and deprecate it: members may have completed it.")
        for node in previous.nodes if node.node_id in gone
    ]  # fmt: skip
    return faults


def _rekeyed(names: tuple[str, ...], fact: str) -> Fault:
    return Fault("re-keyed", names, fact, "Keep id, ordinal and kind for ever; deprecate the old node and add a new one.")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(repr(name) for name in names)


def _score(basis_points: int) -> str:
    """Return 7500 as 0.75 and 6666 as 0.6666."""
    return f"{basis_points // 10000}.{basis_points % 10000:04d}".removesuffix("0").removesuffix("0")
