from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.graph import PHASES, Graph, Node
from ruach_studio.formation.path import watch_path, whole_path
from ruach_studio.kernel.errors import BadInput


def _names(nodes):
    return [node.node_id for node in nodes]


def test_the_watch_path_is_what_is_open_in_the_order_of_the_path(walk_graph, make_member):
    member = make_member(walk_graph)
    assert _names(watch_path(walk_graph, member.evidence(), as_of=member.now)) == ["p1-s0"]
    member.do("p1-s0").start("p1-s2")
    assert _names(watch_path(walk_graph, member.evidence(), as_of=member.now)) == ["p1-s1", "p1-s2"]
    steps = {step.node.node_id: step.state for step in whole_path(walk_graph, member.evidence(), as_of=member.now)}
    assert len(steps) == 30
    assert [steps[name] for name in ("p1-s0", "p1-s2", "p1-s1", "p1-r")] == ["done", "started", "open", "locked"]


def test_the_next_phase_joins_the_watch_path_after_seven_days(walk_graph, make_member):
    member = make_member(walk_graph)
    for name in ("p1-s0", "p1-s1", "p1-s2", "p1-r", "p1-c0", "p1-c1"):
        member.do(name).later(days=1)
    assert watch_path(walk_graph, member.evidence(), as_of=member.now) == ()
    member.later(days=1)
    assert _names(watch_path(walk_graph, member.evidence(), as_of=member.now)) == ["p2-s0"]


def test_a_withdrawn_node_is_on_the_path_of_those_who_began_it(walk_graph, make_member):
    changed = Graph(5, tuple(replace(n, deprecated=n.node_id == "p1-s1") for n in walk_graph.nodes))
    member = make_member(changed).do("p1-s0")
    assert _names(watch_path(changed, member.evidence(), as_of=member.now)) == ["p1-s2", "p1-r"]
    member.start("p1-s1")
    assert _names(watch_path(changed, member.evidence(), as_of=member.now)) == ["p1-s1", "p1-s2", "p1-r"]


@given(st.permutations(range(12)), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_the_order_is_topological_and_does_not_depend_on_how_the_nodes_are_listed(listing, edges):
    # edges run from a smaller to a larger number, so there is no cycle; phases run against them, to make it hard
    nodes = [
        Node(f"n{n}", 11 - n, PHASES[(11 - n) % 5], "section", "", "",
             prerequisites=tuple(f"n{a}" for a, b in edges if a < n == b))
        for n in range(12)
    ]  # fmt: skip
    order = _names(Graph(1, tuple(nodes)).order)
    assert sorted(order) == sorted(node.node_id for node in nodes)
    assert all(order.index(before) < order.index(node.node_id) for node in nodes for before in node.prerequisites)
    assert _names(Graph(1, tuple(nodes[n] for n in listing)).order) == order


def test_what_follows_a_chain_of_withdrawn_nodes_is_found(make_node, make_member):
    chain = [make_node(f"n{n}", n, prerequisites=(f"n{n - 1}",) if n else (), deprecated=n in (1, 2)) for n in range(5)]
    graph = Graph(1, (*chain, make_node("both", 5, prerequisites=("n0", "n2"))))
    assert (graph.depth["n4"], graph.depth["both"]) == (4, 3)
    member = make_member(graph)
    assert _names(watch_path(graph, member.evidence(), as_of=member.now)) == ["n0", "n3"]
    member.do("n0", "n3")
    open_now = [step.node.node_id for step in whole_path(graph, member.evidence(), as_of=member.now) if step.state == "open"]
    assert _names(watch_path(graph, member.evidence(), as_of=member.now)) == open_now == ["n4", "both"]


def test_the_phase_goes_before_the_ordinal(make_node):
    graph = Graph(1, (make_node("late", 0, 2), make_node("early", 1, 1)))
    assert _names(graph.order) == ["early", "late"]


def test_what_was_unlocked_is_open_whatever_stands_before_it(walk_graph, make_member):
    member = make_member(walk_graph)
    member.unlocked.add("p4-c1")
    assert _names(watch_path(walk_graph, member.evidence(), as_of=member.now)) == ["p1-s0", "p4-c1"]


def test_nodes_on_a_cycle_are_not_lost(make_node):
    ring = (make_node("a", 0, prerequisites=("b",)), make_node("b", 1, prerequisites=("a",)), make_node("c", 2))
    assert _names(Graph(1, ring).order) == ["c", "a", "b"]


def test_a_naive_time_is_refused(walk_graph, make_member):
    member = make_member(walk_graph)
    with pytest.raises(BadInput):
        watch_path(walk_graph, member.evidence(), as_of=member.now.replace(tzinfo=None))
