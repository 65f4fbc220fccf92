"""Turn many members and one graph into which nodes stand open to whom, all at once: one column of members per node.

The rules are gating.py's (gate-v1) without the unlocks: what a member has done is open, everything else by prerequisites,
the seven days of the phase before, the work that a scope asks for, and the score. So an unlock, which holds for ever, hides
no change. tests/formation compares it with the gate itself, member by member.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.graph import PHASES, Graph, Node, Phase, phase_rank
from ruach_studio.formation.impact_rows import MemberRow
from ruach_studio.formation.scoring import (
    CHECKPOINT_WEIGHT,
    FULL_BP,
    FULL_DAYS,
    FULL_QUALITY,
    PHASE_MINIMUM,
    REFLECTION_WEIGHT,
    SECTION_WEIGHT,
    STREAK_WEIGHT,
    TIME_WEIGHT,
)

NEVER = np.iinfo(np.int64).max
_MINIMUM_US = int(PHASE_MINIMUM.total_seconds()) * 1_000_000
_SAFE = 2**62
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Members:
    """The rows as arrays: member by node (`columns`: node id -> column), or member by phase (rank 1..5, less one)."""

    columns: dict[str, int]
    done_at: Ints
    passed: Flags
    started: Flags
    unlocked: Flags
    quality: NDArray[np.int32]
    phase_started: Ints
    days: NDArray[np.int64]

    @property
    def done(self) -> Flags:
        """Return per member and node whether it is behind them."""
        return self.done_at < NEVER

    def places(self, nodes: Sequence[Node]) -> list[int]:
        """Return the columns of these nodes."""
        return [self.columns[node.node_id] for node in nodes]


def members_of(rows: Sequence[MemberRow], ids: Sequence[str]) -> Members:
    """Lay the rows out over the node ids that are asked about; what else a member has done does not matter here."""
    columns = {name: place for place, name in enumerate(ids)}
    shape = (len(rows), len(ids))
    phase_started = np.full((len(rows), len(PHASES)), NEVER, np.int64)
    days = np.zeros((len(rows), len(PHASES), 2), np.int64)
    for place, row in enumerate(rows):
        for rank, phase in enumerate(PHASES):
            if phase in row.phase_started:
                phase_started[place, rank] = row.phase_started[phase]
            if phase in row.days:
                days[place, rank] = row.days[phase]
    return Members(
        columns, _numbers(shape, [row.done for row in rows], columns, NEVER, np.int64),
        _flags(shape, [row.passed for row in rows], columns), _flags(shape, [row.started for row in rows], columns),
        _flags(shape, [row.unlocked for row in rows], columns),
        _numbers(shape, [row.quality for row in rows], columns, 0, np.int32), phase_started, days,
    )  # fmt: skip


def open_nodes(graph: Graph, members: Members, *, as_of_us: int) -> dict[str, Flags]:
    """Return node id -> one flag per member: whether it stands open by the rules, for every node of the graph."""
    done = members.done
    entries = {phase: _entry(graph, members, phase, as_of_us) for phase in graph.live_phases}
    scores = {scope: score_bp(graph, members, scope) for scope in {node.gate.scope for node in graph.nodes if node.gate}}
    found: dict[str, Flags] = {}
    for node in graph.nodes:
        mine = done[:, members.columns[node.node_id]]
        free = _prerequisites(graph, members, done, node)
        free &= entries[node.phase] if node.phase in entries else _entry(graph, members, node.phase, as_of_us)
        for need in graph.scopes.needs.get(node.node_id, ()):
            counted = [members.columns[name] for name in graph.scopes.counted_for(node.node_id, need)]
            free &= done[:, counted].sum(axis=1) >= need.needed
        if node.gate:
            free &= scores[node.gate.scope] >= node.gate.minimum_bp
        if node.deprecated:
            free &= members.started[:, members.columns[node.node_id]]
        found[node.node_id] = mine | free
    return found


def score_bp(graph: Graph, members: Members, phase: Phase) -> Ints:
    """Return each member's score of a phase in basis points: scoring.total_bp over columns, exact."""
    sections, prompts = graph.required_of(phase, "section"), graph.required_of(phase, "reflection")
    checkpoints, rank = graph.required_of(phase, "checkpoint"), phase_rank(phase) - 1
    factors = [
        (SECTION_WEIGHT, members.done[:, members.places(sections)].sum(axis=1), len(sections)),
        (REFLECTION_WEIGHT, members.quality[:, members.places(prompts)].sum(axis=1), FULL_QUALITY * len(prompts)),
        (CHECKPOINT_WEIGHT, members.passed[:, members.places(checkpoints)].sum(axis=1), len(checkpoints)),
        (TIME_WEIGHT, members.days[:, rank, 0], FULL_DAYS),
        (STREAK_WEIGHT, members.days[:, rank, 1], FULL_DAYS),
    ]
    asked = [(weight, have, of) for weight, have, of in factors if of]
    whole, weights = lcm(*(of for _, _, of in asked)), sum(weight for weight, _, _ in asked)
    exact: Any = np.int64 if FULL_BP * weights * whole < _SAFE else object  # Python's integers where 64 bits are too few
    earned = sum(weight * (whole // of) * have.astype(exact) for weight, have, of in asked)
    return np.asarray(FULL_BP * earned // (whole * weights), np.int64)


def finished(graph: Graph, members: Members) -> Flags:
    """Return per member whether every node that counts is behind them."""
    counted = [node for node in graph.nodes if node.required and not node.deprecated]
    return np.asarray(members.done[:, members.places(counted)].all(axis=1), np.bool_)


def _prerequisites(graph: Graph, members: Members, done: Flags, node: Node) -> Flags:
    free = np.ones(len(done), np.bool_)
    for name in node.prerequisites:
        before = graph.by_id.get(name)
        if before is None or not before.deprecated:
            free &= done[:, members.columns[name]] if name in members.columns else False
    return free


def _entry(graph: Graph, members: Members, phase: Phase, as_of_us: int) -> Flags:
    """Return whether the phase before has lasted its seven days."""
    earlier = [each for each in graph.live_phases if phase_rank(each) < phase_rank(phase)]
    if not earlier:
        return np.ones(len(members.done_at), np.bool_)
    inside = members.places([node for node in graph.nodes if node.phase == earlier[-1]])
    began = np.minimum(members.phase_started[:, phase_rank(earlier[-1]) - 1], members.done_at[:, inside].min(axis=1))
    return np.asarray(began <= as_of_us - _MINIMUM_US)


def _cells(each: Sequence[Any], columns: dict[str, int]) -> tuple[list[int], list[int]]:
    members: list[int] = []
    nodes: list[int] = []
    for place, names in enumerate(each):
        found = [columns[name] for name in names if name in columns]
        nodes += found
        members += [place] * len(found)
    return members, nodes


def _flags(shape: tuple[int, int], each: Sequence[Any], columns: dict[str, int]) -> Flags:
    flags = np.zeros(shape, np.bool_)
    flags[_cells(each, columns)] = True
    return flags


def _numbers(shape: tuple[int, int], each: Sequence[Any], columns: dict[str, int], other: int, kind: Any) -> Any:
    numbers = np.full(shape, other, kind)
    numbers[_cells(each, columns)] = [row[name] for row in each for name in row if name in columns]
    return numbers
