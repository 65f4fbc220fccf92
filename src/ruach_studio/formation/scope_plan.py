"""Turn the guidebook scopes of a graph's nodes into what each of them asks for, by number and by name.

Individual, Household, Ecclesia, Network: work alone, at home, in the congregation, beyond it. `scope-v1`: a Household node
asks for 70 % of the Individual work; an Ecclesia node for all Individual and 50 % of the Household work; a Network node for
all Individual and all Ecclesia work. Counted are the required, not deprecated nodes of that scope in the node's own phase
and the earlier ones, except what itself waits for the node by prerequisites, directly or indirectly (a deprecated node is
waited for by nobody). The number needed is rounded up; a scope without such nodes asks for nothing. Nodes without a scope
neither ask nor count. Counterparts: guidebook.py says which scopes a node may have; scope_standing.py counts for a member.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

SCOPE_RULES = "scope-v1"
SCOPES = ("Individual", "Household", "Ecclesia", "Network")
# scope -> (scope whose work comes first, percent of it)
ASKED: Mapping[str, tuple[tuple[str, int], ...]] = {
    "Individual": (),
    "Household": (("Individual", 70),),
    "Ecclesia": (("Individual", 100), ("Household", 50)),
    "Network": (("Individual", 100), ("Ecclesia", 100)),
}


class ScopedNode(Protocol):
    """The part of a graph's node that is read here."""

    @property
    def node_id(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def scope(self) -> str | None: ...
    @property
    def required(self) -> bool: ...
    @property
    def deprecated(self) -> bool: ...
    @property
    def prerequisites(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class ScopeNeed:
    """Of the `of` counted nodes of `scope` in the phases up to rank `upto` (1..5), `needed` (at least 1) must be done."""

    scope: str
    percent: int
    upto: int
    needed: int
    of: int


@dataclass(frozen=True, slots=True)
class ScopePlan:
    """What the scopes of one graph ask for.

    `needs`: node id -> its needs, only for nodes that have any. `counted`: (scope, phase rank) -> ids of that phase, in the
    order of the path; `place`: the same, by id. Sets of counted nodes of one phase are integers, one bit a node (`bit`):
    `members`: (scope, phase rank) -> those of that scope; `behind`: node id -> those of its own phase that wait for it.
    """

    needs: Mapping[str, tuple[ScopeNeed, ...]] = field(default_factory=dict)
    counted: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    place: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    bit: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[tuple[str, int], int] = field(default_factory=dict)
    behind: Mapping[str, int] = field(default_factory=dict)

    def counted_for(self, node_id: str, need: ScopeNeed) -> tuple[str, ...]:
        """Return the ids that `need` of `node_id` counts, in the order of the path."""
        names = [name for rank in range(1, need.upto + 1) for name in self.counted.get((need.scope, rank), ())]
        return tuple(name for name in names if not self.waits(name, node_id, need))

    def waits(self, name: str, node_id: str, need: ScopeNeed) -> bool:
        """Say whether the counted node `name` waits for `node_id`, whose need it is."""
        return self.place[name][1] == need.upto and bool(self.behind[node_id] >> self.bit[name] & 1)

    def number_behind(self, node_id: str, need: ScopeNeed, among: int) -> int:
        """Return how many of `among`, a set of the node's own phase, are of the need's scope and wait for the node."""
        return (self.behind[node_id] & self.members.get((need.scope, need.upto), 0) & among).bit_count()


def plan_scopes(order: Sequence[ScopedNode], ranks: Mapping[Any, int]) -> ScopePlan:
    """Return the plan of nodes given in topological order; `ranks`: phase -> 1..5. Unknown scopes neither ask nor count."""
    live = [node for node in order if not node.deprecated]
    counted: dict[tuple[str, int], list[str]] = {}
    for node in live:
        if node.required and node.scope is not None and node.scope in ASKED:
            counted.setdefault((node.scope, ranks[node.phase]), []).append(node.node_id)
    asking = {node.node_id: node for node in live if ASKED.get(node.scope or "")}
    if not asking or not counted:
        return ScopePlan()
    place = {name: key for key, names in counted.items() for name in names}
    bit: dict[str, int] = {}
    behind: dict[str, int] = {}
    for phase in ranks:
        inside = [node for node in live if node.phase == phase]
        bit.update({name: i for i, name in enumerate(node.node_id for node in inside if node.node_id in place)})
        if any(node.node_id in asking for node in inside):
            masks = _behind(inside, bit)
            behind.update({name: mask for name, mask in masks.items() if name in asking})
    members = {key: sum(1 << bit[name] for name in names) for key, names in counted.items()}
    needs = {name: _needs(node, ranks[node.phase], counted, members, behind[name]) for name, node in asking.items()}
    needs = {name: each for name, each in needs.items() if each}
    if not needs:
        return ScopePlan()
    return ScopePlan(needs, {key: tuple(names) for key, names in counted.items()}, place, bit, members, behind)


def _behind(inside: Sequence[ScopedNode], bit: Mapping[str, int]) -> dict[str, int]:
    """Return, per node of one phase, the counted nodes of that phase that wait for it, joined from the path's end on.

    What waits for a node in a later phase is not counted by it.
    """
    masks = {node.node_id: 0 for node in inside}
    for node in reversed(inside):
        carried = masks[node.node_id]
        if node.node_id in bit:
            carried |= 1 << bit[node.node_id]
        for before in node.prerequisites:
            if carried and before in masks:
                masks[before] |= carried
    return masks


def _needs(
    node: ScopedNode, rank: int, counted: Mapping[tuple[str, int], Sequence[str]], members: Mapping[tuple[str, int], int],
    behind: int,
) -> tuple[ScopeNeed, ...]:  # fmt: skip
    needs: list[ScopeNeed] = []
    for scope, percent in ASKED[node.scope or ""]:
        total = sum(len(counted.get((scope, each), ())) for each in range(1, rank + 1))
        total -= (behind & members.get((scope, rank), 0)).bit_count()
        if total:
            needs.append(ScopeNeed(scope, percent, rank, -(-percent * total // 100), total))
    return tuple(needs)
