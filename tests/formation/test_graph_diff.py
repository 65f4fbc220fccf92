"""Every field that differs between two versions is told with both values."""

from dataclasses import replace

from ruach_studio.formation.graph import Graph, Node, ScoreGate
from ruach_studio.formation.graph_diff import NodeDiff, diff_graphs

A = Node("a", 1, "awakening", "section", "A", "c/a", tags=frozenset({"x"}))
B = Node("b", 2, "awakening", "section", "B", "c/b", prerequisites=("a", "z"), gate=ScoreGate(5000, "awakening"))
OLD = Graph(1, (A, B))


def test_added_changed_and_removed():
    new = Graph(2, (replace(A, title="Again", tags=frozenset({"y"})), replace(A, node_id="n", ordinal=3)))
    assert diff_graphs(OLD, new) == (
        NodeDiff("a", "changed", {"title": ("A", "Again"), "tags": (frozenset({"x"}), frozenset({"y"}))}),
        NodeDiff("n", "added", {}),
        NodeDiff("b", "removed", {}),
    )


def test_the_order_of_names_says_nothing():
    assert diff_graphs(OLD, Graph(2, (A, replace(B, prerequisites=("z", "a"))))) == ()
    (changed,) = diff_graphs(OLD, Graph(2, (A, replace(B, gate=None, prerequisites=("a",)))))
    assert changed.fields == {"gate": (B.gate, None), "prerequisites": (("a", "z"), ("a",))}
