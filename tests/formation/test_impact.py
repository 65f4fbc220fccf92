"""What is said of all members at once is what the gate says of each; gains and losses are counted by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Standing
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.impact_open import finished, members_of, open_nodes, score_bp
from ruach_studio.formation.impact_rows import row_of_evidence
from ruach_studio.formation.impact_tally import NodeTally, Tally, changes_for, scopes_of
from ruach_studio.formation.migration_map import Fate, rules_of
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.scoring import factors_of, total_bp
from ruach_studio.formation.state_snapshot import to_us

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KINDS = ("section", "reflection", "checkpoint")
SCOPES = (None, None, "Individual", "Household", "Ecclesia", "Network")


@st.composite
def graphs(draw):
    nodes = []
    for i in range(draw(st.integers(1, 10))):
        rank = min(i // 3, 4)
        gate = (
            ScoreGate(draw(st.integers(1, 20)) * 500, PHASES[draw(st.integers(0, rank))])
            if i and draw(st.booleans())
            else None
        )
        befores = draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else ()
        nodes.append(Node(f"n{i}", i + 1, PHASES[rank], KINDS[i % 3] if draw(st.booleans()) else "section", f"N{i}", "c",
                          prerequisites=tuple(f"n{b}" for b in sorted(befores)), gate=gate,
                          required=draw(st.integers(0, 5)) > 0, deprecated=draw(st.integers(0, 5)) == 0,
                          scope=draw(st.sampled_from(SCOPES))))  # fmt: skip
    return Graph(1, tuple(nodes))


@st.composite
def lives(draw, graph):
    def some(nodes):
        return [node.node_id for node in nodes if draw(st.booleans())]

    def when():
        return NOW - timedelta(hours=draw(st.integers(0, 24 * 20)))

    checkpoints = [node for node in graph.nodes if node.kind == "checkpoint"]
    prompts = [node for node in graph.nodes if node.kind == "reflection"]
    passed = some(checkpoints)
    quality = {name: draw(st.integers(0, 1000)) for name in some(prompts)}
    completed = {name: when() for name in some([node for node in graph.nodes if node.kind == "section"])}
    completed |= {name: when() for name in [*passed, *(name for name, each in quality.items() if each)]}
    days = {phase: frozenset((NOW - timedelta(days=d)).date() for d in draw(st.sets(st.integers(0, 12), max_size=9)))
            for phase in PHASES if draw(st.booleans())}  # fmt: skip
    return Evidence(
        completed=completed, started={name: when() for name in some(graph.nodes)}, reflection_quality=quality,
        checkpoints_passed=frozenset(passed), active_days=days, unlocked=frozenset(some(graph.nodes)),
        phase_started={phase: when() for phase in PHASES if draw(st.booleans())},
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_all_at_once_is_what_the_gate_says_of_each(data):
    graph = data.draw(graphs())
    members = data.draw(st.lists(lives(graph), min_size=1, max_size=4))
    rows = [row_of_evidence(each, PHASES) for each in members]
    laid = members_of(rows, [node.node_id for node in graph.nodes])
    found = open_nodes(graph, laid, as_of_us=to_us(NOW))
    for place, evidence in enumerate(members):
        standing = Standing(graph, replace(evidence, unlocked=frozenset()), NOW)
        gate = {node.node_id: not standing.deficits(node) for node in graph.nodes}
        assert {name: bool(each[place]) for name, each in found.items()} == gate
        for phase in PHASES:
            assert score_bp(graph, laid, phase)[place] == total_bp(factors_of(graph, evidence, phase))
        counted = [node for node in graph.nodes if node.required and not node.deprecated]
        assert finished(graph, laid)[place] == all(is_done(evidence, node.node_id) for node in counted)


def test_scores_stay_exact_where_64_bits_are_too_few():
    prompts = [Node(f"r{i}", i + 1, "awakening", "reflection", "", "") for i in range(997)]
    rest = [Node(f"s{i}", 2000 + i, "awakening", "section", "", "") for i in range(991)]
    checks = [Node(f"c{i}", 4000 + i, "awakening", "checkpoint", "", "") for i in range(983)]
    graph = Graph(1, (*prompts, *rest, *checks))
    evidence = Evidence(
        completed={f"s{i}": NOW for i in range(500)}, reflection_quality={f"r{i}": 999 for i in range(900)},
        checkpoints_passed=frozenset(f"c{i}" for i in range(300)),
    )  # fmt: skip
    laid = members_of([row_of_evidence(evidence, PHASES)], [node.node_id for node in graph.nodes])
    assert score_bp(graph, laid, "awakening").tolist() == [total_bp(factors_of(graph, evidence, "awakening"))]


def node(name, ordinal, *befores, **more):
    return Node(name, ordinal, "awakening", more.pop("kind", "section"), name, f"c/{name}", prerequisites=befores, **more)


A, B, C = node("a", 1), node("b", 2, "a"), node("c", 3, "b")
OLD = Graph(1, (A, B, C))


def who(*done, unlocked=()):
    return row_of_evidence(Evidence(completed=dict.fromkeys(done, NOW), unlocked=frozenset(unlocked)), ())


NO_RULES = rules_of([])


def changes(new, members, **fates):
    assert check_graph(new, previous=OLD).ok
    rows = [who(*each) if isinstance(each, tuple) else each for each in members]
    return changes_for(OLD, Graph(2, tuple(new)), rows, rules_of([fates]), as_of_us=to_us(NOW))


def told(found):
    return [found.of(member) for member in range(found.members)]


def test_gained_and_lost_by_prerequisites():
    # b no longer waits for a; c waits for a new step d
    found = changes((A, replace(B, prerequisites=()), replace(C, prerequisites=("b", "d")), node("d", 4, "a")),
                    [(), ("a",), ("a", "b"), ("a", "b", "c")])  # fmt: skip
    assert told(found) == [(("b",), ()), (("d",), ()), (("d",), ("c",)), (("d",), ())]
    tally = Tally()
    tally.add(found)
    tally.add(found)
    assert (tally.members, tally.gaining, tally.losing) == (8, 8, 2)
    assert (tally.finished_before, tally.finished_after) == (2, 0)
    assert tally.nodes == {"b": NodeTally(gain=2), "d": NodeTally(gain=6), "c": NodeTally(lose=2)}


def test_what_was_opened_is_counted_apart():
    found = changes((A, B, replace(C, prerequisites=("b", "d")), node("d", 4, "a")),
                    [who("a", "b"), who("a", "b", unlocked=("c",))])  # fmt: skip
    tally = Tally()
    tally.add(found)
    assert tally.nodes["c"] == NodeTally(lose=2, opened=1)


def test_a_gate_raised_takes_the_next_step_from_who_has_too_little():
    old = Graph(1, (A, B, replace(C, gate=ScoreGate(4000, "awakening"))))
    new = Graph(2, (A, B, replace(C, gate=ScoreGate(6000, "awakening"))))
    day = {"awakening": frozenset({NOW.date()})}
    rows = [row_of_evidence(Evidence(completed=dict.fromkeys("ab", NOW), active_days=days), scopes_of(old, new))
            for days in ({}, day, {"awakening": frozenset((NOW - timedelta(days=d)).date() for d in range(7))})]  # fmt: skip
    # 2 of 3 sections: (20 * 2/3 + 20 * days/7) / 40 = 0.33, 0.40, 0.83
    found = changes_for(old, new, rows, NO_RULES, as_of_us=to_us(NOW))
    assert told(found) == [((), ()), ((), ("c",)), ((), ())]


def test_a_withdrawn_node_is_lost_unless_it_goes_on():
    gone = replace(B, deprecated=True)
    retired = changes((A, gone, replace(C, prerequisites=("a",))), [("a",)])
    assert told(retired) == [(("c",), ("b",))]
    new = (A, gone, node("x", 4, "a"), replace(C, prerequisites=("x",)))
    assert told(changes(new, [("a",), ("a", "b")], b=Fate("renamed", ("x",)))) == [((), ()), ((), ())]
    merged = changes(new, [("a",), ("a", "b")], b=Fate("merge", ("x",)))
    assert told(merged) == [((), ()), ((), ())]
    assert told(changes(new, [("a", "b")])) == [(("x",), ("c",))]


def test_nobody_changes_where_nothing_does():
    found = changes(OLD.nodes, [(), ("a",)])
    assert told(found) == [((), ()), ((), ())]
    assert np.array_equal(found.finished_before, found.finished_after)
    assert scopes_of(OLD) == frozenset()


@pytest.mark.parametrize("count", [0, 1])
def test_few_members(count):
    assert changes(OLD.nodes, [("a",)] * count).members == count
