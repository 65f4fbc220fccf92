"""Turn a graph's scopes and a member's facts into what is done of the work that a scope asks for, and what would do.

The rule stands in scope_plan.py. Only done nodes count, so that what a scope has once opened it never closes. Counterparts:
gating.py asks whether the needs are met; opening.py names the acts that would meet them.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node
from ruach_studio.formation.scope_plan import ScopeNeed, ScopePlan


class Tally:
    """Some nodes, by scope and phase, so that a need counts its share of them in a few steps."""

    def __init__(self, plan: ScopePlan, names: Iterable[str]) -> None:
        """Count `names`; those that no scope counts are left out."""
        self._plan = plan
        self._sets = dict.fromkeys(range(1, len(PHASES) + 1), 0)
        for name in names:
            if key := plan.place.get(name):
                self._sets[key[1]] |= 1 << plan.bit[name]
        self._counts = {key: (self._sets[key[1]] & members).bit_count() for key, members in plan.members.items()}

    def counted(self, node_id: str, need: ScopeNeed) -> int:
        """Return how many of them `need` of `node_id` counts."""
        total = sum(self._counts.get((need.scope, rank), 0) for rank in range(1, need.upto + 1))
        return total - self._plan.number_behind(node_id, need, self._sets[need.upto])


@dataclass(frozen=True, slots=True)
class ScopeStanding:
    """One need of one node, and how many of the counted nodes are done. `words` says it to the member."""

    need: ScopeNeed
    have: int
    words: str

    @property
    def met(self) -> bool:
        """Say whether enough is done."""
        return self.have >= self.need.needed


class ScopeWork:
    """What one member has done of each scope; counted once for all the nodes that are asked about."""

    def __init__(self, graph: Graph, evidence: Evidence) -> None:
        """Count; a graph without scopes costs nothing."""
        self._plan = graph.scopes
        self._done = _done(evidence) if self._plan.needs else frozenset()
        self._tally = Tally(self._plan, self._done)

    def standings(self, node: Node) -> tuple[ScopeStanding, ...]:
        """Return each need of `node` with what is done of it; () if its scope asks for nothing."""
        return tuple(self._standing(node, need) for need in self._plan.needs.get(node.node_id, ()))

    def missing(self, node: Node, need: ScopeNeed) -> list[str]:
        """Return the counted ids that are not done, in the order of the path."""
        return [name for name in self._plan.counted_for(node.node_id, need) if name not in self._done]

    def _standing(self, node: Node, need: ScopeNeed) -> ScopeStanding:
        have = self._tally.counted(node.node_id, need)
        words = (
            f"{node.scope} work asks for {need.percent} % of the {need.scope} work up to {PHASES[need.upto - 1]}: "
            f"{have} of {need.of} done, {need.needed} needed"
        )
        return ScopeStanding(need, have, words)


def scope_acts(graph: Graph, evidence: Evidence, node: Node) -> tuple[Node, ...]:
    """Return what to do so that its scope opens `node`: what can be begun at once first, else in the order of the path.

    Nothing that waits for `node` itself is among it; so it may fall short where a graph was never checked.
    """
    work = ScopeWork(graph, evidence)
    lacking = [each for each in work.standings(node) if not each.met]
    if not lacking:
        return ()
    barred = waiting_for(graph, evidence, node)
    done = _done(evidence)
    acts: list[Node] = []
    for each in lacking:
        left = [graph.by_id[name] for name in work.missing(node, each.need) if name not in barred]
        left.sort(key=lambda one: not done >= set(one.prerequisites))  # stable: then the order of the path
        acts += left[: each.need.needed - each.have]
    return tuple(acts)


def waiting_for(graph: Graph, evidence: Evidence, node: Node) -> frozenset[str]:
    """Return `node` and all that cannot be done before it: by prerequisites, or by a scope that counts too much of these."""
    found = {node.node_id}
    fresh = {node.node_id}
    while fresh:
        pending = list(fresh)
        while pending:
            followers = [name for name in graph.opens.get(pending.pop(), ()) if name not in found]
            more = [name for name in followers if not graph.by_id[name].deprecated]  # nobody waits for a withdrawn node
            found.update(more)
            pending.extend(more)
        fresh = _held_up(graph, evidence, found)
        found |= fresh
    return frozenset(found)


def _held_up(graph: Graph, evidence: Evidence, found: set[str]) -> set[str]:
    """Return the nodes not yet `found` whose scope cannot be satisfied by what is left without `found`."""
    plan = graph.scopes
    if not plan.needs:
        return set()
    tally = Tally(plan, found - _done(evidence))
    return {
        name for name, needs in plan.needs.items()
        if name not in found and any(need.of - tally.counted(name, need) < need.needed for need in needs)
    }  # fmt: skip


def _done(evidence: Evidence) -> AbstractSet[str]:
    return evidence.completed.keys() | evidence.checkpoints_passed
