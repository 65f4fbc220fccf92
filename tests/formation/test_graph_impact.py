"""Every difference between two versions that can open or close a way is told, and nothing else is."""

from dataclasses import replace

import pytest

from ruach_studio.formation.graph import Graph, Node, ScoreGate
from ruach_studio.formation.graph_impact import NodeChange, impact

A = Node("a", 1, "awakening", "section", "A", "c/a")
B = Node("b", 2, "awakening", "section", "B", "c/b", prerequisites=("a",), gate=ScoreGate(5000, "awakening"))
C = Node("c", 3, "separation", "checkpoint", "C", "c/c", prerequisites=("a", "b"))
OLD = Graph(1, (A, B, C))


def changes(*nodes):
    return impact(OLD, Graph(2, nodes))


def test_the_same_graph_and_new_words_change_nothing():
    assert changes(A, B, C) == ()
    assert changes(replace(A, title="Again", description="x", tags=frozenset({"t"}), content_ref="c/a2"), B, C) == ()


def test_an_added_node_tells_its_gate_and_prerequisites():
    new = Node("d", 4, "separation", "section", "D", "c/d", prerequisites=("c",), gate=ScoreGate(6000, "separation"))
    assert changes(A, B, C, new) == (
        NodeChange("d", ("added",), 0, 6000, None, "separation", prerequisites_added=("c",)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "kinds", "after"),
    [
        (ScoreGate(5001, "awakening"), ("gate-raised",), (5001, "awakening")),
        (ScoreGate(4999, "awakening"), ("gate-lowered",), (4999, "awakening")),
        (ScoreGate(5000, "separation"), ("gate-rescoped",), (5000, "separation")),
        (ScoreGate(7000, "separation"), ("gate-raised", "gate-rescoped"), (7000, "separation")),
        (None, ("gate-lowered",), (0, None)),
    ],
)
def test_a_gate_raised_lowered_or_reading_another_phase(gate, kinds, after):
    assert changes(A, replace(B, gate=gate), C) == (NodeChange("b", kinds, 5000, after[0], "awakening", after[1]),)


def test_a_new_gate_on_an_old_node_is_raised_from_nothing():
    (change,) = changes(A, B, replace(C, gate=ScoreGate(8000, "awakening")))
    assert change == NodeChange("c", ("gate-raised",), 0, 8000, None, "awakening")


def test_prerequisites_that_came_and_went():
    (change,) = changes(A, B, replace(C, prerequisites=("b", "x")))
    assert change == NodeChange("c", ("prerequisites-changed",), prerequisites_added=("x",), prerequisites_dropped=("a",))
    assert changes(A, B, replace(C, prerequisites=("b", "a"))) == ()  # their order says nothing


def test_deprecated_revived_moved_and_required():
    changed = changes(replace(A, deprecated=True), replace(B, required=False), replace(C, phase="awakening"))
    assert [each.kinds for each in changed] == [("deprecated",), ("now-optional",), ("moved",)]
    back = impact(Graph(1, (replace(A, deprecated=True, required=False),)), Graph(2, (A,)))
    assert back == (NodeChange("a", ("revived", "now-required")),)


def test_a_node_that_is_gone_stands_last():
    assert changes(B, C) == (NodeChange("a", ("removed",)),)
