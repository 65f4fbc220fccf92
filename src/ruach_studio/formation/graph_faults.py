"""Turn what is wrong with a graph into words: about which nodes, the fact, and what mends it.

Counterpart: graph_check.py finds the faults.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ruach_studio.formation.graph import Node, ScoreGate, phase_rank
from ruach_studio.formation.graph_reach import ClosedGate

FaultCode = Literal[
    "duplicate-id", "duplicate-ordinal", "missing-prerequisite", "self-prerequisite", "repeated-prerequisite",
    "later-prerequisite", "cycle", "root-gate", "gate-out-of-range", "later-gate-scope", "unreachable-gate",
    "re-keyed", "removed",
    "unknown-guidebook-word", "scope-phase", "scope-type", "unreachable-scope",
    "too-many-axioms", "unknown-axiom", "unanchored-axiom", "axiom-tier",
    "bad-mapping", "missing-piece",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, about which nodes, and what mends it. A cycle's `nodes` are its path, first = last."""

    code: FaultCode
    nodes: tuple[str, ...]
    fact: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.fact}. {self.remedy}"


def not_in_graph(node: Node, name: str) -> Fault:
    return Fault("missing-prerequisite", (node.node_id, name), f"{node.node_id!r} needs {name!r}, which is not in the graph",
                 "Add that node, or drop the prerequisite.")  # fmt: skip


def own_prerequisite(node: Node) -> Fault:
    name = node.node_id
    return Fault("self-prerequisite", (name,), f"{name!r} is its own prerequisite, so it can never be opened",
                 "Take it out of its own prerequisites.")  # fmt: skip


def repeated(node: Node, before: Node) -> Fault:
    return Fault("repeated-prerequisite", (node.node_id, before.node_id),
                 f"{node.node_id!r} names {before.node_id!r} more than once", "Name each prerequisite once.")  # fmt: skip


def later_prerequisite(node: Node, before: Node) -> Fault:
    return Fault("later-prerequisite", (node.node_id, before.node_id),
                 f"{node.node_id!r} of phase {node.phase} needs {before.node_id!r} of the later phase {before.phase}",
                 "Move one of them to the other's phase, or drop the prerequisite.")  # fmt: skip


def cycle_of(path: tuple[str, ...]) -> Fault:
    return Fault("cycle", path, f"{' → '.join(path)}: each is a prerequisite of the next, so none can ever be opened",
                 "Drop one of these prerequisites.")  # fmt: skip


def gate_faults(node: Node, gate: ScoreGate) -> list[Fault]:
    """Return what is wrong with a gate by itself."""
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


def unreachable(node: Node, closed: ClosedGate) -> Fault:
    counts = ", ".join(f"{kind}s {done} of {required}" for kind, done, required in closed.done) or "nothing to do there"
    scope, asked, best = closed.gate.scope, _score(closed.gate.minimum_bp), _score(closed.best_bp)
    lower = f"Lower the gate to {best} or less" if closed.best_bp else "Drop the gate"
    return Fault("unreachable-gate", (node.node_id,),
                 f"nobody can ever open {node.node_id!r}: it asks for a score of {asked} in {scope}, and without it and "
                 f"what comes behind it {best} is the most that can be reached ({counts})",
                 f"{lower}, or put less of {scope} behind it.")  # fmt: skip


def twice(name: str, count: int) -> Fault:
    return Fault("duplicate-id", (name,), f"{name!r} stands {count} times in the graph", "Give each node its own id.")


def shared_ordinal(ordinal: int, names: Sequence[str]) -> Fault:
    return Fault("duplicate-ordinal", tuple(names), f"ordinal {ordinal} is given to {' and '.join(map(repr, names))}",
                 "Give the newer one the next free ordinal of the path.")  # fmt: skip


def changed(node: Node, old: Node, version: int) -> Fault:
    """Return the fault of a node whose ordinal or kind is another than in `version`."""
    was, now = (f"ordinal {old.ordinal}", str(node.ordinal)) if old.ordinal != node.ordinal else (old.kind, node.kind)
    return _rekeyed((node.node_id,), f"{node.node_id!r} was {was} in version {version} and is now {now}")


def replaced(node: Node, owner: Node, version: int) -> Fault:
    """Return the fault of a new node on the ordinal of an old one."""
    fact = f"ordinal {node.ordinal} belongs to {owner.node_id!r} since version {version} or earlier"
    return _rekeyed((owner.node_id, node.node_id), f"{fact} and is now given to {node.node_id!r}")


def removed(node: Node, version: int) -> Fault:
    return Fault("removed", (node.node_id,), f"{node.node_id!r} stands in version {version} and is gone",
                 "Put it back and deprecate it: members may have completed it.")  # fmt: skip


def _rekeyed(names: tuple[str, ...], fact: str) -> Fault:
    return Fault("re-keyed", names, fact, "Keep id, ordinal and kind for ever; deprecate the old node and add a new one.")


def _score(basis_points: int) -> str:
    """Return 7500 as 0.75 and 6666 as 0.6666."""
    return f"{basis_points // 10000}.{basis_points % 10000:04d}".removesuffix("0").removesuffix("0")
