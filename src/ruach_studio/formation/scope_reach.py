"""Turn a graph without cycles into the score gates and scopes that nobody can ever open.

The same fixed point as graph_reach.py, which alone looks at graphs in which no scope asks for anything: open all that may be
opened, do it perfectly, and see what that opens. A shut node has conditions, met one after the other: its score gate, then
each of its scope's needs. All are monotone, so the order does not matter. Two nodes that wait for each other through scopes
are both named.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice

from ruach_studio.formation.graph import PHASES, Kind, Node, Phase, ScoreGate, phase_rank
from ruach_studio.formation.graph_columns import Columns
from ruach_studio.formation.graph_order import Edges
from ruach_studio.formation.graph_reach import KIND_WEIGHTS, ClosedGate, closed_gates, perfect_score_bp
from ruach_studio.formation.scope_plan import ScopeNeed, ScopePlan

_Key = tuple[str, int]  # ("score", rank of the phase that is read) or (scope, rank of the phase up to which it counts)
_SCORE = "score"
NAMED = 3  # more of what is out of reach are counted, not named


@dataclass(frozen=True, slots=True)
class ClosedScope:
    """A scope's need that no member can meet: `have` of its counted nodes can be done. `missing`: the first that cannot."""

    position: int
    need: ScopeNeed
    have: int
    missing: tuple[str, ...]


def shut_gates(
    columns: Columns, edges: Edges, gates: Mapping[int, ScoreGate], plan: ScopePlan
) -> tuple[tuple[ClosedGate, ...], tuple[ClosedScope, ...]]:
    """Return the score gates and the scopes that stay shut at the fixed point, each in the order of their nodes.

    `edges` must be free of cycles; `gates`: the score gates to try, by position in `columns`; `plan`: of the same nodes.
    What is behind a shut node is tried as if that one stood open, so that one look names all.
    """
    if not plan.needs:
        return closed_gates(columns, edges, gates), ()
    reach = _Reach(columns.nodes, edges, gates, plan)
    scores: list[ClosedGate] = []
    scopes: list[ClosedScope] = []
    while True:
        reach.open_all()
        stuck = sorted(position for heap in reach.ready.values() for _, position in heap)
        if not stuck:
            return tuple(sorted(scores, key=lambda each: each.position)), tuple(
                sorted(scopes, key=lambda each: each.position)
            )
        shut = reach.shut_work()
        for position in stuck:
            scores += reach.closed_score(position)
            scopes += reach.closed_scopes(position, shut)
        reach.ready.clear()
        reach.open(stuck)


class _Reach:
    """What is open so far, of the nodes that have a condition or lie behind one; all others are open from the start."""

    def __init__(self, nodes: Sequence[Node], edges: Edges, gates: Mapping[int, ScoreGate], plan: ScopePlan) -> None:
        self.nodes, self.edges, self.plan = nodes, edges, plan
        self.gates = {position: gate for position, gate in gates.items() if not nodes[position].deprecated}
        gated = set(self.gates) | {i for i, node in enumerate(nodes) if node.node_id in plan.needs}
        self.conditions = {position: self._conditions(position) for position in gated}
        self.waits = dict.fromkeys(gated, 0)  # shut node -> how many of its prerequisites are shut
        pending = list(gated)
        while pending:
            for follower in edges.of(pending.pop()):
                if follower in self.waits:
                    self.waits[follower] += 1
                elif not nodes[follower].deprecated:
                    self.waits[follower] = 1
                    pending.append(follower)
        self.shut = set(self.waits)
        self.required: dict[Phase, Counter[Kind]] = {phase: Counter() for phase in PHASES}
        self.done: dict[Phase, Counter[Kind]] = {phase: Counter() for phase in PHASES}
        self.active = dict.fromkeys(PHASES, False)
        self.scope_done: Counter[_Key] = Counter()
        for node in nodes:
            if node.required and not node.deprecated:
                self.required[node.phase][node.kind] += 1
        for position, node in enumerate(nodes):
            if position not in self.shut and not node.deprecated:
                self._count(node)
        self.ready: dict[_Key, list[tuple[int, int]]] = {}  # what is asked, by what is counted, the lowest first
        for position in sorted(gated):
            if not self.waits[position]:
                self._ask(position)

    def open_all(self) -> None:
        """Meet every condition that can be met so far, until none is left that can."""
        moved = True
        while moved:
            moved = False
            for key in list(self.ready):
                heap = self.ready[key]
                while heap and heap[0][0] <= self.level(key):
                    _, position = heappop(heap)
                    self.conditions[position].pop(0)
                    if not self._ask(position):
                        self.open([position])
                    moved = True

    def open(self, positions: list[int]) -> None:
        """Open these nodes and whatever waited for nothing else."""
        pending = list(positions)
        while pending:
            position = pending.pop()
            self.shut.discard(position)
            self._count(self.nodes[position])
            for follower in self.edges.of(position):
                if follower not in self.waits:
                    continue
                self.waits[follower] -= 1
                if not self.waits[follower] and not self._ask(follower):
                    pending.append(follower)

    def level(self, key: _Key) -> int:
        """Return what is reached of what a condition counts: basis points of score, or done nodes of a scope."""
        name, rank = key
        if name == _SCORE:
            phase = PHASES[rank - 1]
            return perfect_score_bp(self.done[phase], self.required[phase], active=self.active[phase])
        return sum(self.scope_done[name, each] for each in range(1, rank + 1))

    def closed_score(self, position: int) -> list[ClosedGate]:
        """Return the node's score gate if it cannot be met."""
        gate = self.gates.get(position)
        if gate is None or (best := self.level((_SCORE, phase_rank(gate.scope)))) >= gate.minimum_bp:
            return []
        done, required = self.done[gate.scope], self.required[gate.scope]
        counts = tuple((kind, done[kind], required[kind]) for kind in KIND_WEIGHTS if required[kind])
        return [ClosedGate(position, gate, best, counts)]

    def shut_work(self) -> dict[str, list[tuple[int, str]]]:
        """Return, by scope, what is shut of the work that counts: (phase rank, id) in the order of the path."""
        names = {self.nodes[position].node_id for position in self.shut}
        shut: dict[str, list[tuple[int, str]]] = {}
        for (scope, rank), counted in sorted(self.plan.counted.items()):
            shut.setdefault(scope, []).extend((rank, name) for name in counted if name in names)
        return shut

    def closed_scopes(self, position: int, shut: Mapping[str, Sequence[tuple[int, str]]]) -> list[ClosedScope]:
        """Return the needs of the node's scope that cannot be met; `shut` as `shut_work` says."""
        found: list[ClosedScope] = []
        name = self.nodes[position].node_id
        for need in self.plan.needs.get(name, ()):
            # nothing behind a shut node can be done, so all that is done counts
            have = self.level((need.scope, need.upto))
            if have < need.needed:
                work = (each for rank, each in shut[need.scope] if rank <= need.upto)
                missing = tuple(islice((each for each in work if not self.plan.waits(each, name, need)), NAMED))
                found.append(ClosedScope(position, need, have, missing))
        return found

    def _conditions(self, position: int) -> list[tuple[_Key, int]]:
        gate = self.gates.get(position)
        asked: list[tuple[_Key, int]] = [((_SCORE, phase_rank(gate.scope)), gate.minimum_bp)] if gate else []
        needs = self.plan.needs.get(self.nodes[position].node_id, ())
        return [*asked, *(((need.scope, need.upto), need.needed) for need in needs)]

    def _ask(self, position: int) -> bool:
        """Put the node's next condition on its heap; return whether there is one."""
        conditions = self.conditions.get(position)
        if not conditions:
            return False
        key, least = conditions[0]
        heappush(self.ready.setdefault(key, []), (least, position))
        return True

    def _count(self, node: Node) -> None:
        self.active[node.phase] = True
        if node.required:
            self.done[node.phase][node.kind] += 1
            if key := self.plan.place.get(node.node_id):
                self.scope_done[key] += 1
