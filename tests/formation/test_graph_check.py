"""Each fault of a graph is named, with the nodes that it is about; a sound graph gets one stable order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.graph import Graph, Node, ScoreGate
from ruach_studio.formation.graph_check import check_graph

ORDINALS = {name: i for i, name in enumerate("abcdefgh", 1)}


def node(name, *befores, phase="awakening", kind="section", gate=None, ordinal=None, **more):
    gate = ScoreGate(gate, "awakening") if isinstance(gate, int) else gate
    number = ORDINALS[name] if ordinal is None else ordinal
    return Node(name, number, phase, kind, name.upper(), f"c/{name}", prerequisites=befores, gate=gate, **more)


def faults(*nodes, previous=None):
    return [(fault.code, fault.nodes) for fault in check_graph(nodes, previous=previous).errors]


def only(*nodes, previous=None):
    (fault,) = check_graph(nodes, previous=previous).errors
    return fault


SOUND = (
    node("a"), node("b", "a", kind="reflection"), node("c", "b", kind="checkpoint"),
    node("d", "c", phase="separation", gate=7500), node("e", "a", "d", phase="discernment"),
)  # fmt: skip


def test_a_sound_graph_has_no_fault_and_an_order():
    report = check_graph(SOUND, previous=Graph(1, SOUND[:3]))
    assert report.ok
    assert report.errors == ()
    assert report.order == ("a", "b", "c", "d", "e")


def test_an_empty_graph_is_sound():
    assert check_graph([], previous=None).order == ()
    assert check_graph([], previous=None).ok


def test_ties_go_by_phase_then_ordinal():
    late_but_low = node("x", phase="separation", ordinal=0)
    assert check_graph([node("c"), late_but_low, node("b", "c"), node("a")], previous=None).order == ("a", "c", "b", "x")


@given(st.permutations(SOUND))
def test_the_order_of_listing_changes_nothing(mixed):
    assert check_graph(mixed, previous=None) == check_graph(SOUND, previous=None)


def test_the_shortest_cycle_is_spelled_out():
    ring = (node("a", "d"), node("b", "a"), node("c", "b"), node("d", "c"), node("e", "d", "f"), node("f", "e"))
    report = check_graph(ring, previous=None)
    (fault,) = report.errors
    assert fault.nodes == ("e", "f", "e")
    assert str(fault) == (
        "e → f → e: each is a prerequisite of the next, so none can ever be opened. Drop one of these prerequisites."
    )
    assert report.order == ()


def test_a_cycle_is_walked_from_prerequisite_to_follower():
    assert only(node("a", "c"), node("b", "a"), node("c", "b")).nodes == ("a", "b", "c", "a")


def test_missing_and_self_and_repeated_prerequisites_are_named():
    found = faults(node("a"), node("b", "a", "nope"), node("c", "c", "a"), node("d", "a", "b", "a"))
    assert found == [
        ("missing-prerequisite", ("b", "nope")),
        ("self-prerequisite", ("c",)),
        ("repeated-prerequisite", ("d", "a")),
    ]


def test_a_repeated_prerequisite_still_sorts():
    assert check_graph([node("a"), node("b", "a", "a")], previous=None).order == ("a", "b")


def test_duplicate_ids_and_ordinals_are_named():
    assert faults(node("a"), node("b"), node("a", ordinal=9)) == [("duplicate-id", ("a",))]
    fault = only(node("a"), node("b", "a", ordinal=1), node("c"))
    assert (fault.code, fault.nodes) == ("duplicate-ordinal", ("a", "b"))
    assert fault.fact == "ordinal 1 is given to 'a' and 'b'"


def test_a_cycle_hides_no_other_fault():
    codes = [code for code, _ in faults(node("a", "b"), node("b", "a"), node("c", "gone"), node("d", gate=5))]
    assert codes == ["missing-prerequisite", "cycle", "root-gate"]


@pytest.mark.parametrize(
    ("gated", "code"),
    [
        (node("b", gate=5000), "root-gate"),
        (node("b", "a", gate=0), "gate-out-of-range"),
        (node("b", "a", gate=10001), "gate-out-of-range"),
        (node("b", "a", gate=ScoreGate(5000, "separation")), "later-gate-scope"),
    ],
)
def test_a_gate_that_makes_no_sense_is_named_once(gated, code):
    assert faults(node("a"), gated) == [(code, ("b",))]


def test_a_prerequisite_of_a_later_phase_is_named():
    fault = only(node("a", "b"), node("b", phase="separation"))
    assert (fault.code, fault.nodes) == ("later-prerequisite", ("a", "b"))
    assert "'a' of phase awakening needs 'b' of the later phase separation" in fault.fact


def test_a_gate_that_nobody_can_open_is_named_with_the_numbers():
    # sections 1 of 1, checkpoints 1 of 2: (20 + 17.5 + 20) / 75 = 0.7666...
    fault = only(node("a"), node("b", "a", kind="checkpoint"), node("c", "b", kind="checkpoint", gate=8000))
    assert (fault.code, fault.nodes) == ("unreachable-gate", ("c",))
    assert str(fault) == (
        "nobody can ever open 'c': it asks for a score of 0.80 in awakening, and without it and what comes behind it 0.7666 "
        "is the most that can be reached (sections 1 of 1, checkpoints 1 of 2). "
        "Lower the gate to 0.7666 or less, or put less of awakening behind it."
    )


def test_the_remedy_of_an_unreachable_gate_works():
    path = [node("a"), node("b", "a", kind="checkpoint"), node("c", "b", kind="checkpoint", gate=7666)]
    assert check_graph(path, previous=None).ok


def test_an_order_is_given_though_a_gate_is_closed():
    report = check_graph([node("a"), node("b", "a", gate=10000)], previous=None)
    assert [fault.code for fault in report.errors] == ["unreachable-gate"]
    assert report.order == ("a", "b")


def test_a_gate_on_a_phase_without_nodes_can_only_be_dropped():
    fault = only(node("b", phase="discernment"), node("c", "b", phase="discernment", gate=1))
    assert "0.00 is the most that can be reached (nothing to do there)" in fault.fact
    assert fault.remedy.startswith("Drop the gate")


def test_removal_is_refused_and_deprecation_is_not():
    old = Graph(4, (node("a"), node("b", "a")))
    fault = only(node("a"), previous=old)
    assert (fault.code, fault.nodes) == ("removed", ("b",))
    assert str(fault) == "'b' stands in version 4 and is gone. Put it back and deprecate it: members may have completed it."
    assert check_graph([node("a"), node("b", "a", deprecated=True)], previous=old).ok


def test_rekeying_is_named_once_per_node():
    old = Graph(2, (node("a"), node("b", "a")))
    assert faults(node("a"), node("z", "a", ordinal=2), previous=old) == [("re-keyed", ("b", "z"))]
    assert faults(node("a"), node("b", "a", ordinal=3), previous=old) == [("re-keyed", ("b",))]
    assert faults(node("a"), node("b", "a", kind="checkpoint"), previous=old) == [("re-keyed", ("b",))]
    swapped = only(node("a"), node("b", "a", kind="checkpoint"), previous=old)
    assert swapped.fact == "'b' was section in version 2 and is now checkpoint"
    assert faults(node("a", ordinal=2), node("b", "a", ordinal=1), previous=old) == [
        ("re-keyed", ("b",)),
        ("re-keyed", ("a",)),
    ]


def test_a_node_whose_ordinal_an_old_node_took_is_still_gone():
    old = Graph(2, (node("a"), node("b", "a")))
    assert sorted(faults(node("a", ordinal=2), previous=old)) == [("re-keyed", ("a",)), ("removed", ("b",))]


def test_a_new_version_may_add_and_change_edges_gates_and_titles():
    old = Graph(2, (node("a"), node("b", "a"), node("c", "b", kind="checkpoint")))
    new = (
        old.nodes[0],
        replace(old.nodes[1], prerequisites=(), title="B2"),
        replace(old.nodes[2], prerequisites=("a",)),
        node("d", "c"),
    )
    assert check_graph(new, previous=old).ok
