"""Turn members under their pinned graph and under a new one into who would gain or lose which node, if migrated.

Gain: it would be open by the rules of the new graph and is not now. Lose: it is open now and would not be, for one who
stands there and had not opened it yet; what was opened stays open (a gate never re-locks), so that nobody loses a thing in
fact. Work that the mapping sends on is compared under its new name. `impact-v1`. Counterparts: impact_open.py opens nodes
for all members at once, graph_impact.py says what differs between the graphs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ruach_studio.formation.graph import Graph, Phase
from ruach_studio.formation.impact_carry import carried, names_in
from ruach_studio.formation.impact_open import Flags, finished, members_of, open_nodes
from ruach_studio.formation.impact_rows import MemberRow
from ruach_studio.formation.migration_map import Rules

IMPACT_RULES = "impact-v1"


@dataclass(slots=True)
class NodeTally:
    """How many members would gain or lose a node, and how many of these have opened it, so that it stays open."""

    gain: int = 0
    lose: int = 0
    opened: int = 0


@dataclass(slots=True)
class Tally:
    """What was counted so far. `gaining`, `losing`: members with at least one node; `finished_*`: all that counts done."""

    members: int = 0
    gaining: int = 0
    losing: int = 0
    finished_before: int = 0
    finished_after: int = 0
    nodes: dict[str, NodeTally] = field(default_factory=dict)

    def add(self, found: "Changes") -> None:
        """Count one more batch."""
        self.members += found.members
        self.gaining += int(_any(found.gains, found.members).sum())
        self.losing += int(_any(found.losses, found.members).sum())
        self.finished_before += int(found.finished_before.sum())
        self.finished_after += int(found.finished_after.sum())
        for name, gains in found.gains.items():
            self._node(name).gain += int(gains.sum())
        for name, losses in found.losses.items():
            self._node(name).lose += int(losses.sum())
            self._node(name).opened += int((losses & found.opened[name]).sum())

    def _node(self, name: str) -> NodeTally:
        return self.nodes.setdefault(name, NodeTally())


@dataclass(frozen=True, slots=True)
class Changes:
    """One batch of members: per node (only those that change for anybody) a flag per member, in the order of the batch."""

    members: int
    gains: Mapping[str, Flags]
    losses: Mapping[str, Flags]
    opened: Mapping[str, Flags]
    finished_before: Flags
    finished_after: Flags

    def of(self, member: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the nodes that one member would gain and lose."""
        return tuple(_true(self.gains, member)), tuple(_true(self.losses, member))


def changes_for(old: Graph, new: Graph, rows: Sequence[MemberRow], rules: Rules, *, as_of_us: int) -> Changes:
    """Return what changes for each member of `old`. `rules`: by which a migration to `new` would move their facts."""
    ids = dict.fromkeys(node.node_id for graph in (new, old) for node in graph.nodes)
    was = members_of(rows, list(ids | dict.fromkeys(names_in(rules))))
    now = carried(was, rules)
    then, later = open_nodes(old, was, as_of_us=as_of_us), open_nodes(new, now, as_of_us=as_of_us)
    heirs = {name: rules.heirs(name) for name in rules.carried}
    for into, *parts in rules.merges:
        heirs |= {part: (*heirs.get(part, ()), into, *rules.heirs(into)) for part in parts}
    sources: dict[str, list[str]] = {}
    for name, each in heirs.items():
        for heir in each:
            sources.setdefault(heir, []).append(name)
    gains: dict[str, Flags] = {}
    losses: dict[str, Flags] = {}
    opened: dict[str, Flags] = {}
    nobody = np.zeros(len(rows), np.bool_)
    for node in new.order:
        name = node.node_id
        if node.deprecated and (name not in old.by_id or old.by_id[name].deprecated or heirs.get(name)):
            continue  # not shown to anybody new, before or after; or it goes on under another name
        names = [name, *sources.get(name, ())]
        stood = np.logical_or.reduce([then.get(each, nobody) for each in names])
        gain, lose = later[name] & ~stood, stood & ~later[name]
        if gain.any():
            gains[name] = gain
        if lose.any():
            losses[name] = lose
            opened[name] = np.logical_or.reduce([was.unlocked[:, was.columns[each]] for each in names])
    return Changes(len(rows), gains, losses, opened, finished(old, was), finished(new, now))


def _any(flags: Mapping[str, Flags], members: int) -> Flags:
    return np.logical_or.reduce(list(flags.values())) if flags else np.zeros(members, np.bool_)


def _true(flags: Mapping[str, Flags], member: int) -> Iterator[str]:
    return (name for name, each in flags.items() if each[member])


def scopes_of(*graphs: Graph) -> frozenset[Phase]:
    """Return the phases whose score a gate of these graphs reads."""
    return frozenset(node.gate.scope for graph in graphs for node in graph.nodes if node.gate)
