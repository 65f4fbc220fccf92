"""Turn a graph's scopes and a member's facts into what is done of the work that a scope asks for, and what would do.

The rule stands in scope_plan.py. Only done nodes count, so that what a scope has once opened it never closes. Counterparts:
gating.py asks whether the needs are met; opening.py names the acts that would meet them.
"""

from dataclasses import dataclass

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node
from ruach_studio.formation.scope_plan import ScopeNeed


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
        self._done = evidence.completed.keys() | evidence.checkpoints_passed if self._plan.needs else frozenset()
        self._counts: dict[tuple[str, int], int] = {}
        for name in self._done:
            if key := self._plan.place.get(name):
                self._counts[key] = self._counts.get(key, 0) + 1

    def standings(self, node: Node) -> tuple[ScopeStanding, ...]:
        """Return each need of `node` with what is done of it; () if its scope asks for nothing."""
        return tuple(self._standing(node, need) for need in self._plan.needs.get(node.node_id, ()))

    def missing(self, node: Node, need: ScopeNeed) -> list[str]:
        """Return the counted ids that are not done, in the order of the path."""
        return [name for name in self._plan.counted_for(node.node_id, need) if name not in self._done]

    def _standing(self, node: Node, need: ScopeNeed) -> ScopeStanding:
        have = sum(self._counts.get((need.scope, rank), 0) for rank in range(1, need.upto + 1))
        behind = self._plan.behind[node.node_id] & self._done
        have -= sum(self._plan.place[name][0] == need.scope for name in behind)
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
    done = evidence.completed.keys() | evidence.checkpoints_passed
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
            more = [name for name in graph.opens.get(pending.pop(), ()) if name not in found]
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
    done = evidence.completed.keys() | evidence.checkpoints_passed
    open_in = {name: plan.place[name] for name in found if name in plan.place and name not in done}
    counts: dict[tuple[str, int], int] = {}
    for key in open_in.values():
        counts[key] = counts.get(key, 0) + 1
    held: set[str] = set()
    for name, needs in plan.needs.items():
        if name in found:
            continue
        own = [open_in[each][0] for each in plan.behind[name] if each in open_in]
        for need in needs:
            barred = sum(counts.get((need.scope, rank), 0) for rank in range(1, need.upto + 1)) - own.count(need.scope)
            if need.of - barred < need.needed:
                held.add(name)
                break
    return held
