"""Turn a graph and a member's facts into the path in the order in which it is walked, and the part that is open now.

The order is topological and stable: each node comes after its prerequisites, and otherwise by phase, then by ordinal. The
watch path is that order, filtered to what is granted and not done; a deprecated node is on it only if it was started.
Counterpart: next_step.py ranks the open part.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Deficit, Standing
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.reach import Reach
from ruach_studio.formation.scoring import check_aware

StepState = Literal["done", "started", "open", "locked"]


@dataclass(frozen=True, slots=True)
class PathStep:
    """One node of the path, where the member stands with it, and what keeps a locked one shut."""

    node: Node
    state: StepState
    deficits: tuple[Deficit, ...] = ()


def watch_path(graph: Graph, evidence: Evidence, *, as_of: datetime) -> tuple[Node, ...]:
    """Return what the member may do now, in the stable topological order. Raises BadInput for a naive `as_of`."""
    check_aware(as_of)
    standing = Standing(graph, evidence, as_of)
    usable = [node for node in Reach(graph, evidence).ready if standing.is_open(node)]
    return tuple(sorted(usable, key=lambda node: graph.position[node.node_id]))


def whole_path(graph: Graph, evidence: Evidence, *, as_of: datetime) -> tuple[PathStep, ...]:
    """Return every node in the stable topological order with its state; a deprecated one only if it was started or done."""
    check_aware(as_of)
    standing = Standing(graph, evidence, as_of)
    return tuple(_step(standing, node) for node in graph.order if is_shown(evidence, node))


def is_shown(evidence: Evidence, node: Node) -> bool:
    """Return whether the node is on this member's path at all: not deprecated, or begun before that."""
    return not node.deprecated or node.node_id in evidence.started or is_done(evidence, node.node_id)


def _step(standing: Standing, node: Node) -> PathStep:
    if is_done(standing.evidence, node.node_id):
        return PathStep(node, "done")
    if deficits := standing.deficits(node):
        return PathStep(node, "locked", deficits)
    return PathStep(node, "started" if node.node_id in standing.evidence.started else "open")
