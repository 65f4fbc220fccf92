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

    `needs`: node id -> its needs, only for nodes that have any. `behind`: such a node -> the counted nodes that wait for it.
    `counted`: (scope, phase rank) -> ids of that phase, in the order of the path. `place`: the same, by id.
    """

    needs: Mapping[str, tuple[ScopeNeed, ...]] = field(default_factory=dict)
    behind: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counted: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    place: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def counted_for(self, node_id: str, need: ScopeNeed) -> tuple[str, ...]:
        """Return the ids that `need` of `node_id` counts, in the order of the path."""
        behind = self.behind[node_id]
        ranks = range(1, need.upto + 1)
        return tuple(name for rank in ranks for name in self.counted.get((need.scope, rank), ()) if name not in behind)


def plan_scopes(order: Sequence[ScopedNode], ranks: Mapping[Any, int]) -> ScopePlan:
    """Return the plan of nodes given in topological order; `ranks`: phase -> 1..5. Unknown scopes neither ask nor count."""
    live = [node for node in order if not node.deprecated]
    counted: dict[tuple[str, int], list[str]] = {}
    for node in live:
        if node.required and node.scope is not None and node.scope in ASKED:
            counted.setdefault((node.scope, ranks[node.phase]), []).append(node.node_id)
    asking = [node for node in live if ASKED.get(node.scope or "")]
    if not asking or not counted:
        return ScopePlan()
    place = {name: key for key, names in counted.items() for name in names}
    behind = _behind(live, {node.node_id for node in asking}, place)
    needs = {node.node_id: _needs(node, ranks[node.phase], counted, behind[node.node_id], place) for node in asking}
    needs = {name: each for name, each in needs.items() if each}
    if not needs:
        return ScopePlan()
    return ScopePlan(
        needs, {name: behind[name] for name in needs}, {key: tuple(names) for key, names in counted.items()}, place
    )


def _behind(live: Sequence[ScopedNode], asking: set[str], place: Mapping[str, tuple[str, int]]) -> dict[str, frozenset[str]]:
    """Return, per asking node, the counted nodes that wait for it: bit sets, joined from the end of the path to its start.

    Only nodes of one phase are joined: what waits for a node in a later phase is not counted by it.
    """
    phases = {node.phase for node in live if node.node_id in asking}
    inside = [node for node in live if node.phase in phases]
    phase_of = {node.node_id: node.phase for node in inside}
    names: dict[str, list[str]] = {phase: [] for phase in phases}
    bits: dict[str, int] = {}
    for node in inside:
        if node.node_id in place:
            bits[node.node_id] = 1 << len(names[node.phase])
            names[node.phase].append(node.node_id)
    masks = dict.fromkeys(phase_of, 0)
    for node in reversed(inside):
        carried = masks[node.node_id] | bits.get(node.node_id, 0)
        for before in node.prerequisites:
            if carried and phase_of.get(before) == node.phase:
                masks[before] |= carried
    return {name: frozenset(_named(masks[name], names[phase_of[name]])) for name in asking}


def _named(mask: int, names: Sequence[str]) -> list[str]:
    found: list[str] = []
    while mask:
        lowest = mask & -mask
        found.append(names[lowest.bit_length() - 1])
        mask ^= lowest
    return found


def _needs(
    node: ScopedNode, rank: int, counted: Mapping[tuple[str, int], Sequence[str]], behind: frozenset[str],
    place: Mapping[str, tuple[str, int]],
) -> tuple[ScopeNeed, ...]:  # fmt: skip
    needs: list[ScopeNeed] = []
    for scope, percent in ASKED[node.scope or ""]:
        total = sum(len(counted.get((scope, each), ())) for each in range(1, rank + 1))
        total -= sum(place[name][0] == scope for name in behind)
        if total:
            needs.append(ScopeNeed(scope, percent, rank, -(-percent * total // 100), total))
    return tuple(needs)
