"""Turn a graph without cycles into the score gates that nobody can ever open.

"Open all you may, do it perfectly": whatever is open is completed, with full quality, on as many days as one likes; that
opens more; the fixed point is all that any member can ever reach. A gate still shut there stays shut for everyone, e.g.
one whose scope counts what comes only behind it. Research: 17 % of random graphs with one gate at 0.50-0.70 have such a
node, and no other learning system looks. Counterpart: graph_check.py names each one to the author.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

import numpy as np

from ruach_studio.formation.graph import PHASES, Kind, Phase, ScoreGate, phase_rank
from ruach_studio.formation.graph_columns import KINDS, Columns, Flags, Ints
from ruach_studio.formation.graph_order import Edges, each_once

# scoring.py must agree with these weights and with the shape of perfect_score_bp: S = floor(10000 * sum(w*a/b) / sum(w)),
# over the factors that have something to count (b > 0). tests/formation compares the two.
KIND_WEIGHTS: Mapping[Kind, int] = {"section": 20, "reflection": 25, "checkpoint": 35}
TIME_WEIGHT = 10
STREAK_WEIGHT = 10


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """A gate that no member can open. `position` is the node's; `best_bp` the most that anyone can score before it.

    `done`: (kind, how many are within reach, how many the scope requires), for the kinds that the scope has.
    """

    position: int
    gate: ScoreGate
    best_bp: int
    done: tuple[tuple[Kind, int, int], ...]


def perfect_score_bp(done: Mapping[Kind, int], required: Mapping[Kind, int], *, active: bool) -> int:
    """Return the score in basis points of a phase of which `done` per kind, out of `required`, is done perfectly.

    Perfect is: reflections of quality 1000, and seven active days in a row as soon as anything can be done there at all
    (`active`), for a section can be read and a reflection written again on another day. A kind of which nothing is
    required drops out; time and streak always count.
    """
    numerator, denominator, weight = 0, 1, TIME_WEIGHT + STREAK_WEIGHT
    for kind, each in KIND_WEIGHTS.items():
        if wanted := required.get(kind, 0):
            numerator = numerator * wanted + each * done.get(kind, 0) * denominator
            denominator *= wanted
            weight += each
    if active:
        numerator += (TIME_WEIGHT + STREAK_WEIGHT) * denominator
    return 10000 * numerator // (denominator * weight)


def closed_gates(columns: Columns, edges: Edges, gates: Mapping[int, ScoreGate]) -> tuple[ClosedGate, ...]:
    """Return the gates that stay shut at the fixed point, in the order of their nodes.

    `edges` must be free of cycles; `gates` are the gates to try, by position in `columns`. A deprecated node is asked of
    nobody: it counts as passed, and its gate is not tried.
    Gates behind a shut gate are tried as if that one stood open, so that one look names all; each is shut for certain.
    """
    live: list[bool] = columns.live.tolist()
    tried = {position: gate for position, gate in gates.items() if live[position]}
    if not tried:
        return ()
    reach = _Reach(columns, edges, tried)
    scores = {phase: reach.score(phase) for phase in PHASES}
    if all(gate.minimum_bp <= scores[gate.scope] for gate in tried.values()):
        return ()  # even what lies behind no gate is enough for each of them
    closed: list[ClosedGate] = []
    while True:
        reach.open_all()
        stuck = sorted(asked % edges.count for heap in reach.ready.values() for asked in heap)
        if not stuck:
            return tuple(sorted(closed, key=lambda gate: gate.position))
        closed += [reach.report(position) for position in stuck]
        for heap in reach.ready.values():
            heap.clear()
        reach.open(stuck)


class _Reach:
    """What is open so far. Only gated nodes and what lies behind them are looked at; all else is open from the start."""

    def __init__(self, columns: Columns, edges: Edges, gates: Mapping[int, ScoreGate]) -> None:
        self.nodes, self.edges, self.gates = columns.nodes, edges, gates
        self.shut = _shut(edges, np.fromiter(gates, np.int64, len(gates)), columns.live)
        self.required = _by_kind(columns, np.flatnonzero(columns.counted))
        behind = _by_kind(columns, np.flatnonzero(columns.counted & self.shut))
        self.done = {phase: self.required[phase] - behind[phase] for phase in PHASES}
        open_ranks = np.bincount(columns.ranks[columns.live & ~self.shut], minlength=len(PHASES) + 1)
        self.active = {phase: bool(open_ranks[phase_rank(phase)]) for phase in PHASES}

    @cached_property
    def waits(self) -> dict[int, int]:
        """Return, per shut node, how many of its prerequisites are shut."""
        shut = np.flatnonzero(self.shut)
        counts = np.bincount(self.edges.after[self.shut[self.edges.before]], minlength=self.edges.count)
        return dict(zip(shut.tolist(), counts[shut].tolist(), strict=True))

    @cached_property
    def ready(self) -> dict[Phase, list[int]]:
        """Return the gates whose prerequisites are all open, by the phase that they read: heaps of what is `_asked`."""
        found: dict[Phase, list[int]] = {phase: [] for phase in PHASES}
        for position, gate in self.gates.items():
            if not self.waits[position]:
                heappush(found[gate.scope], self._asked(position, gate))
        return found

    def _asked(self, position: int, gate: ScoreGate) -> int:
        """Return basis points and place as one number: thousands of pairs would set off a collection of garbage."""
        return gate.minimum_bp * self.edges.count + position

    def open_all(self) -> None:
        """Open every gate that the best score so far opens, until none is left that it does."""
        moved, count = True, self.edges.count
        while moved:
            moved = False
            for phase, heap in self.ready.items():
                best, reached = self.score(phase), list[int]()
                while heap and heap[0] // count <= best:
                    reached.append(heappop(heap) % count)
                self.open(reached)
                moved = moved or bool(reached)

    def open(self, positions: list[int]) -> None:
        """Open these nodes and whatever waited for nothing else."""
        followers, starts, waits, pending = self.edges.followers, self.edges.starts, self.waits, list(positions)
        while pending:
            position = pending.pop()
            node = self.nodes[position]
            self.active[node.phase] = True
            if node.required:
                self.done[node.phase][node.kind] += 1
            for follower in followers[starts[position] : starts[position + 1]]:
                if follower not in waits:
                    continue
                waits[follower] = left = waits[follower] - 1
                if left:
                    continue
                if gate := self.gates.get(follower):
                    heappush(self.ready[gate.scope], self._asked(follower, gate))
                else:
                    pending.append(follower)

    def score(self, phase: Phase) -> int:
        return perfect_score_bp(self.done[phase], self.required[phase], active=self.active[phase])

    def report(self, position: int) -> ClosedGate:
        gate = self.gates[position]
        done, required = self.done[gate.scope], self.required[gate.scope]
        counts = tuple((kind, done[kind], required[kind]) for kind in KIND_WEIGHTS if required[kind])
        return ClosedGate(position, gate, self.score(gate.scope), counts)


def _shut(edges: Edges, gates: Ints, live: Flags) -> Flags:
    """Say of each node whether it is gated or behind a gate; a deprecated node lets pass."""
    shut = np.zeros(edges.count, np.bool_)
    shut[gates] = True
    front = gates
    while front.size:
        reached, _ = edges.opened_by(front)
        front = each_once(reached[live[reached] & ~shut[reached]])
        shut[front] = True
    return shut


def _by_kind(columns: Columns, places: Ints) -> dict[Phase, Counter[Kind]]:
    """Count the nodes at these places per phase and kind."""
    codes = columns.ranks[places] * len(KINDS) + columns.kinds[places]
    counts = np.bincount(codes, minlength=(len(PHASES) + 1) * len(KINDS)).reshape(-1, len(KINDS)).tolist()
    return {phase: Counter(dict(zip(KINDS, counts[phase_rank(phase)], strict=True))) for phase in PHASES}
