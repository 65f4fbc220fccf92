"""A gate is called closed exactly when a naive walk, scored by scoring.py itself, cannot open it either."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate
from ruach_studio.formation.graph_columns import columns_of
from ruach_studio.formation.graph_order import edges_of
from ruach_studio.formation.graph_reach import closed_gates, perfect_score_bp
from ruach_studio.formation.scoring import factors_of, total_bp

DAY = datetime(2026, 3, 1, 9, tzinfo=UTC)
WEEK = frozenset(date(2026, 3, 1) + timedelta(days=n) for n in range(7))
KINDS = ("section", "reflection", "checkpoint")


def node(i, kind="section", phase="awakening", befores=(), gate=None, **more):
    gate = ScoreGate(gate, "awakening") if isinstance(gate, int) else gate
    return Node(f"n{i}", i, phase, kind, f"N{i}", f"c/{i}", prerequisites=tuple(f"n{b}" for b in befores), gate=gate, **more)


def closed(nodes):
    pairs = [(int(name[1:]), i) for i, each in enumerate(nodes) for name in each.prerequisites]
    before, after = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    gates = {i: each.gate for i, each in enumerate(nodes) if each.gate}
    return closed_gates(columns_of(nodes), edges_of(len(nodes), before, after), gates)


def perfect(nodes, opened, phase):
    """What scoring.py says of someone who did all of `opened` perfectly and came on seven days where anything was open."""
    live = [each for each in nodes if each.node_id in opened and not each.deprecated]
    evidence = Evidence(
        completed={each.node_id: DAY for each in live},
        reflection_quality={each.node_id: 1000 for each in live if each.kind == "reflection"},
        checkpoints_passed=frozenset(each.node_id for each in live if each.kind == "checkpoint"),
        active_days={each.phase: WEEK for each in live},
    )
    return total_bp(factors_of(Graph(1, tuple(nodes)), evidence, phase))


def naive_closed(nodes):
    """Drop the gates that are stuck, again and again, until all opens: the names of those dropped, with their best score."""
    stuck = {}
    while True:
        opened, grew = {each.node_id for each in nodes if each.deprecated}, True
        while grew:
            scores = {phase: perfect(nodes, opened, phase) for phase in PHASES}
            grew = {
                each.node_id for each in nodes
                if each.node_id not in opened and set(each.prerequisites) <= opened
                and (not each.gate or scores[each.gate.scope] >= each.gate.minimum_bp)
            }  # fmt: skip
            opened |= grew
        ready = [e for e in nodes if e.node_id not in opened and set(e.prerequisites) <= opened]
        if not ready:
            assert len(opened) == len(nodes)
            return stuck
        stuck |= {each.node_id: scores[each.gate.scope] for each in ready}
        nodes = [replace(each, gate=None) if each.node_id in stuck else each for each in nodes]


@st.composite
def paths(draw):
    nodes = []
    for i in range(draw(st.integers(2, 12))):
        rank = min(i // 4, 2)
        gate = None
        if i and draw(st.integers(0, 3)) == 0:
            gate = ScoreGate(draw(st.integers(1, 20)) * 500, PHASES[draw(st.integers(0, rank))])
        befores = draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else ()
        nodes.append(node(i, draw(st.sampled_from(KINDS)), PHASES[rank], sorted(befores), gate,
                          required=draw(st.integers(0, 4)) > 0, deprecated=draw(st.integers(0, 5)) == 0))  # fmt: skip
    return nodes


@settings(max_examples=100, deadline=None)
@given(paths())
def test_equals_the_naive_walk(nodes):
    found = {nodes[each.position].node_id: each.best_bp for each in closed(nodes)}
    assert found == naive_closed(nodes)


@pytest.mark.parametrize("sections", [0, 1, 3])
@pytest.mark.parametrize("prompts", [0, 2])
@pytest.mark.parametrize("passages", [0, 5])
def test_the_perfect_score_is_the_one_of_scoring(sections, prompts, passages):
    required = dict(zip(KINDS, (sections, prompts, passages), strict=True))
    kinds = [kind for kind, number in required.items() for _ in range(number)]
    nodes = [node(i, kind) for i, kind in enumerate(kinds)]
    for count in range(len(nodes) + 1):
        done = {kind: kinds[:count].count(kind) for kind in KINDS}
        opened = {each.node_id for each in nodes[:count]}
        assert perfect_score_bp(done, required, active=count > 0) == perfect(nodes, opened, "awakening")


def test_perfect_scores_worked_by_hand():
    # (20*3/3 + 35*2/5 + 20) / 75: reflections drop out
    assert perfect_score_bp({"section": 3, "checkpoint": 2}, {"section": 3, "checkpoint": 5}, active=True) == 7200
    assert perfect_score_bp({}, {"section": 3}, active=False) == 0
    assert (
        perfect_score_bp({"reflection": 1}, {"reflection": 3, "section": 1}, active=True) == 4358
    )  # (25/3 + 20) / 65, floored


def test_a_gate_may_not_count_on_what_comes_only_behind_it():
    # sections 2 of 2, checkpoints 1 of 2: (20 + 17.5 + 20) / 75 = 0.7666...
    path = [node(0), node(1, befores=[0]), node(2, "checkpoint", befores=[1]), node(3, "checkpoint", befores=[2], gate=7666)]
    assert closed(path) == ()
    (gate,) = closed([*path[:3], replace(path[3], gate=ScoreGate(7667, "awakening"))])
    assert (gate.position, gate.best_bp) == (3, 7666)
    assert gate.done == (("section", 2, 2), ("checkpoint", 1, 2))


def test_a_phase_in_which_nothing_can_be_done_gives_nothing():
    (gate,) = closed([node(0), node(1, befores=[0], gate=ScoreGate(1, "separation"))])
    assert (gate.best_bp, gate.done) == (0, ())


def test_two_gates_that_wait_for_each_other_are_both_named():
    path = [node(0), node(1, "checkpoint", befores=[0], gate=9000), node(2, "checkpoint", befores=[0], gate=9000)]
    assert [gate.position for gate in closed(path)] == [1, 2]


def test_a_gate_behind_a_closed_one_is_named_only_if_it_is_closed_for_itself():
    fine = [node(0), node(1, befores=[0], gate=10000), node(2, befores=[1], gate=6000)]
    assert [gate.position for gate in closed(fine)] == [1]
    hopeless = [*fine[:2], replace(fine[2], gate=ScoreGate(10000, "awakening"))]
    assert [gate.position for gate in closed(hopeless)] == [1, 2]


def test_a_deprecated_node_holds_nobody_up_and_counts_for_nothing():
    path = [node(0), node(1, "checkpoint", befores=[0], gate=10000, deprecated=True), node(2, befores=[1], gate=7500)]
    assert closed(path) == ()  # sections 1 of 2, no checkpoint asked: (10 + 20) / 40
    (gate,) = closed([*path[:2], replace(path[2], gate=ScoreGate(7501, "awakening"))])
    assert (gate.position, gate.best_bp, gate.done) == (2, 7500, (("section", 1, 2),))


def test_a_gate_reaches_through_no_deprecated_node():
    path = [
        node(0),
        node(1, "checkpoint", befores=[0], gate=9000),
        node(2, befores=[1], deprecated=True),
        node(3, befores=[2]),
    ]
    (gate,) = closed(path)  # node 3 is open all along: (20 * 2 / 2 + 20) / 75
    assert (gate.position, gate.best_bp, gate.done) == (1, 5333, (("section", 2, 2), ("checkpoint", 0, 1)))


def test_days_in_a_phase_count_once_its_first_node_is_open():
    first = node(1, phase="separation", befores=[0], gate=10000)
    second = node(2, phase="separation", befores=[1], gate=ScoreGate(7500, "separation"))
    assert closed([node(0), first, second]) == ()  # (20 / 2 + 20) / 40
    (gate,) = closed([node(0), first, replace(second, gate=ScoreGate(7501, "separation"))])
    assert (gate.position, gate.best_bp) == (2, 7500)
