"""Turn two versions of a graph into what changed, node by node, before the new one is published.

Only what can open or close a way, or move a score, is a change; a new title is not. A use case lays this over the
enrollments: who would gain what, who would lose what. Unlocks stay either way (a gate never re-locks what was opened).
"""

from dataclasses import dataclass
from typing import Literal

from ruach_studio.formation.graph import Graph, Node, Phase

ChangeKind = Literal[
    "added", "removed", "deprecated", "revived", "gate-raised", "gate-lowered", "gate-rescoped", "prerequisites-changed",
    "moved", "now-required", "now-optional", "scope-changed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What happens to one node. Gates in basis points, 0 = none; scopes None = no gate.

    A gate that is new counts as raised from 0, one that is dropped as lowered to 0. `gate-rescoped`: it reads another phase.
    `removed` stands here only for a graph that was not checked: check_graph refuses it.
    """

    node_id: str
    kinds: tuple[ChangeKind, ...]
    gate_before_bp: int = 0
    gate_after_bp: int = 0
    scope_before: Phase | None = None
    scope_after: Phase | None = None
    prerequisites_added: tuple[str, ...] = ()
    prerequisites_dropped: tuple[str, ...] = ()


def impact(old: Graph, new: Graph) -> tuple[NodeChange, ...]:
    """Return the nodes that differ: those of `new` in its order, then those of `old` that are gone."""
    changes = [_change(old.by_id.get(node.node_id), node) for node in new.nodes]
    gone = [NodeChange(node.node_id, ("removed",)) for node in old.nodes if node.node_id not in new.by_id]
    return (*(change for change in changes if change.kinds), *gone)


def _change(old: Node | None, new: Node) -> NodeChange:
    after_bp, after = _gate_of(new)
    if old is None:
        return NodeChange(new.node_id, ("added",), 0, after_bp, None, after, new.prerequisites)
    before_bp, before = _gate_of(old)
    added = tuple(name for name in new.prerequisites if name not in old.prerequisites)
    dropped = tuple(name for name in old.prerequisites if name not in new.prerequisites)
    found: list[tuple[bool, ChangeKind]] = [
        (new.deprecated and not old.deprecated, "deprecated"),
        (old.deprecated and not new.deprecated, "revived"),
        (after_bp > before_bp, "gate-raised"),
        (after_bp < before_bp, "gate-lowered"),
        (before is not None and after is not None and before != after, "gate-rescoped"),
        (bool(added or dropped), "prerequisites-changed"),
        (old.phase != new.phase, "moved"),
        (new.required and not old.required, "now-required"),
        (old.required and not new.required, "now-optional"),
        (old.scope != new.scope, "scope-changed"),
    ]
    kinds = tuple(kind for holds, kind in found if holds)
    return NodeChange(new.node_id, kinds, before_bp, after_bp, before, after, added, dropped)


def _gate_of(node: Node) -> tuple[int, Phase | None]:
    return (node.gate.minimum_bp, node.gate.scope) if node.gate else (0, None)
