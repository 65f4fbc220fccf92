"""Turn authored nodes into one immutable version of the content graph.

A node is a section, a reflection prompt or a checkpoint of one phase, with the nodes that come before it and the gate that
may stand before it. Ordinals are given once per path and never reused; a node is deprecated, never removed or re-keyed
(decision F6). Counterparts: graph_check.py says what is wrong with a graph; evidence.py holds what a member has done in it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from ruach_studio.formation.graph_order import edges_of_lists, topological_order
from ruach_studio.formation.graph_places import Places, places_of
from ruach_studio.formation.scope_plan import ScopePlan, plan_scopes

Phase = Literal["awakening", "separation", "discernment", "commission", "stewardship"]
Kind = Literal["section", "reflection", "checkpoint"]
PHASES: tuple[Phase, ...] = ("awakening", "separation", "discernment", "commission", "stewardship")
_RANKS = {phase: rank for rank, phase in enumerate(PHASES, 1)}


@dataclass(frozen=True, slots=True)
class ScoreGate:
    """The node opens once the score of phase `scope` is at least `minimum_bp` basis points (10000 = 1.0)."""

    minimum_bp: int
    scope: Phase


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the path. `ordinal` is its number in the path's registry, shared by all versions.

    `min_words` and `pass_quality` (per mille) are what a written answer needs; the last five fields are the guidebook's.
    """

    node_id: str
    ordinal: int
    phase: Phase
    kind: Kind
    title: str
    content_ref: str
    description: str = ""
    tags: frozenset[str] = frozenset()
    prerequisites: tuple[str, ...] = ()
    gate: ScoreGate | None = None
    min_dwell_s: int = 0
    required: bool = True
    deprecated: bool = False
    min_words: int = 50
    pass_quality: int = 300
    scope: str | None = None
    node_type: str | None = None
    checkpoint_type: str | None = None
    sensitivity: str | None = None
    axioms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """One published version: its nodes in ordinal order."""

    version: int
    nodes: tuple[Node, ...]
    path_id: str = "ruach"

    @cached_property
    def by_id(self) -> MappingProxyType[str, Node]:
        """Return the nodes by id."""
        return MappingProxyType({node.node_id: node for node in self.nodes})

    @cached_property
    def places(self) -> Places:
        """Return the nodes as numbers, for whatever asks about all of them at once."""
        return places_of(self.nodes, [_RANKS[node.phase] for node in self.nodes])

    @cached_property
    def opens(self) -> MappingProxyType[str, tuple[str, ...]]:
        """Return, per node, the nodes that name it as a prerequisite, in ordinal order."""
        followers: dict[str, list[str]] = {node.node_id: [] for node in self.nodes}
        for node in self.nodes:
            for before in node.prerequisites:
                followers.setdefault(before, []).append(node.node_id)
        return MappingProxyType({name: tuple(each) for name, each in followers.items()})

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """Return all nodes, each after its prerequisites, else by phase and ordinal. Missing ones are ignored.

        Nodes on a cycle, which no published graph has, come last instead of being lost.
        """
        ranked = sorted(self.nodes, key=_rank)
        place = {node.node_id: i for i, node in enumerate(ranked)}
        followers: list[list[int]] = [[] for _ in ranked]
        for i, node in enumerate(ranked):
            for name in dict.fromkeys(node.prerequisites):
                if name in place:
                    followers[place[name]].append(i)
        walk = topological_order(edges_of_lists(followers))
        if len(walk) < len(ranked):
            walk += sorted(set(range(len(ranked))).difference(walk))
        return tuple(map(ranked.__getitem__, walk))

    @cached_property
    def position(self) -> MappingProxyType[str, int]:
        """Return, per node, its place in `order`."""
        return MappingProxyType({node.node_id: place for place, node in enumerate(self.order)})

    @cached_property
    def depth(self) -> MappingProxyType[str, int]:
        """Return, per node, the length of the longest chain of prerequisites before it."""
        depths: dict[str, int] = {}
        for node in self.order:
            depths[node.node_id] = 1 + max((depths.get(name, -1) for name in node.prerequisites), default=-1)
        return MappingProxyType(depths)

    @cached_property
    def entry_names(self) -> frozenset[str]:
        """Return the ids of the nodes that wait for no other: no prerequisites, or deprecated ones, asked of nobody."""
        entries = self.places.entries[: len(self.nodes)].tolist()  # without the ghosts
        return frozenset(node.node_id for node, entry in zip(self.nodes, entries, strict=True) if entry)

    @cached_property
    def untagged(self) -> frozenset[str]:
        """Return the ids of the nodes without tags."""
        return frozenset(node.node_id for node in self.nodes if not node.tags)

    @cached_property
    def live_phases(self) -> tuple[Phase, ...]:
        """Return the phases, in their order, that have a node which is not deprecated."""
        live = {node.phase for node in self.nodes if not node.deprecated}
        return tuple(phase for phase in PHASES if phase in live)

    @cached_property
    def scopes(self) -> ScopePlan:
        """Return what the guidebook scopes of this version ask for; empty if no node has a scope."""
        return plan_scopes(self.order if any(node.scope for node in self.nodes) else (), _RANKS)

    def required_of(self, phase: Phase, kind: Kind) -> tuple[Node, ...]:
        """Return the nodes of one phase and kind that count: required and not deprecated."""
        return self._required.get((phase, kind), ())

    def required_names(self, phase: Phase, kind: Kind) -> frozenset[str]:
        """Return the ids of `required_of`, as a set: counting what is done of thousands is then one intersection."""
        return self._required_names.get((phase, kind), frozenset())

    @cached_property
    def counts(self) -> Mapping[Phase, int]:
        """Return how many nodes of each phase count."""
        found = Counter(node.phase for node in self.nodes if node.required and not node.deprecated)
        return {phase: found[phase] for phase in PHASES}

    def names_in(self, phase: Phase) -> frozenset[str]:
        """Return the ids of all nodes of a phase, deprecated ones too."""
        return self._names_in[phase]

    @cached_property
    def _names_in(self) -> dict[Phase, frozenset[str]]:
        return {phase: frozenset(node.node_id for node in self.nodes if node.phase == phase) for phase in PHASES}

    @cached_property
    def _required_names(self) -> dict[tuple[Phase, Kind], frozenset[str]]:
        return {key: frozenset(node.node_id for node in nodes) for key, nodes in self._required.items()}

    @cached_property
    def _required(self) -> dict[tuple[Phase, Kind], tuple[Node, ...]]:
        found: dict[tuple[Phase, Kind], list[Node]] = {}
        for node in self.nodes:
            if node.required and not node.deprecated:
                found.setdefault((node.phase, node.kind), []).append(node)
        return {key: tuple(each) for key, each in found.items()}


def phase_rank(phase: Phase) -> int:
    """Return 1..5: the order in which phases are walked."""
    return PHASES.index(phase) + 1


def _rank(node: Node) -> tuple[int, int, str]:
    return phase_rank(node.phase), node.ordinal, node.node_id
