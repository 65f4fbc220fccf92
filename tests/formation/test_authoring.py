"""Ordinals are never given twice; a mapping says where withdrawn work goes on, and a wrong one is refused by name."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.authoring import Authored, Merge, mapping_of, numbered
from ruach_studio.formation.graph import Graph, Node


def node(name, ordinal=0, kind="section", **more):
    return Node(name, ordinal, "awakening", kind, name.upper(), f"c/{name}", **more)


OLD = Graph(3, (node("a", 1), node("b", 2), node("c", 3, "reflection"), node("d", 4)))
GONE_A = replace(node("a"), deprecated=True)
GONE_B = replace(node("b"), deprecated=True)
REST = (node("b"), node("c", kind="reflection"), node("d"))


def test_known_nodes_keep_their_ordinals_and_new_ones_get_the_next():
    found = numbered([node("z"), node("b"), node("y"), node("a")], {"a": 1, "b": 2, "lost": 7})
    assert [(each.node_id, each.ordinal) for each in found] == [("a", 1), ("b", 2), ("z", 8), ("y", 9)]


def test_what_stands_twice_gets_one_ordinal():
    assert [each.ordinal for each in numbered([node("a"), node("a")], {})] == [1, 1]


@given(st.lists(st.lists(st.sampled_from("abcdefghij"), unique=True), max_size=6))
def test_no_ordinal_is_ever_reused(versions):
    registry = {}
    for names in versions:
        before = dict(registry)
        for each in numbered([node(name) for name in names], registry):
            registry[each.node_id] = each.ordinal
        assert before.items() <= registry.items()
        assert len(set(registry.values())) == len(registry)


def mapped(nodes, renames=None, merges=None, previous=OLD):
    return mapping_of(previous, Authored(tuple(nodes), renames or {}, merges or {}))


def test_only_what_is_not_the_same_is_stored():
    assert mapped([node("a"), *REST]) == ({"from": 3, "nodes": {}}, [])


def test_renamed_split_merged_and_retired():
    heirs = (node("n1"), node("n2"))
    stored, faults = mapped([GONE_A, GONE_B, *REST[1:], *heirs], {"a": ("n1",), "b": ("n1", "n2")})
    assert faults == []
    assert stored == {"from": 3, "nodes": {
        "a": {"kind": "renamed", "to": ["n1"], "need": "all"}, "b": {"kind": "split", "to": ["n1", "n2"], "need": "all"},
    }}  # fmt: skip
    stored, faults = mapped([GONE_A, GONE_B, *REST[1:], heirs[0]], merges={"n1": Merge(("a", "b"), "any")})
    assert (stored["nodes"]["a"], faults) == ({"kind": "merge", "to": ["n1"], "need": "any"}, [])
    assert stored["nodes"]["b"] == stored["nodes"]["a"]
    assert mapped([GONE_A, *REST])[0]["nodes"] == {"a": {"kind": "retired", "to": [], "need": "all"}}
    assert mapped([GONE_A, *REST], {"a": ()})[0]["nodes"] == {"a": {"kind": "retired", "to": [], "need": "all"}}


def test_a_node_may_take_another_one_in():
    stored, faults = mapped([GONE_B, node("a"), *REST[1:]], merges={"a": Merge(("a", "b"))})
    assert faults == []
    assert set(stored["nodes"]) == {"a", "b"}


def test_what_was_retired_before_is_not_said_again():
    earlier = Graph(3, (replace(node("a", 1), deprecated=True), *OLD.nodes[1:]))
    assert mapped([GONE_A, *REST], previous=earlier)[0]["nodes"] == {}


@pytest.mark.parametrize(
    ("nodes", "renames", "merges", "words"),
    [
        ([node("a"), *REST, node("n")], {"x": ("n",)}, {}, "'x' is mapped, but the version before has no such node"),
        ([node("a"), *REST, node("n")], {"a": ("n",)}, {}, "'a' is mapped, but stays in the path; deprecate it"),
        ([GONE_A, *REST], {"a": ("n",)}, {}, "'a' goes on as 'n', which is not in the graph"),
        ([GONE_A, GONE_B, *REST[1:]], {"a": ("b",)}, {}, "'a' goes on as 'b', which is withdrawn itself"),
        ([GONE_A, *REST], {"a": ("c",)}, {}, "'a' is a section and goes on as 'c', a reflection"),
        ([GONE_A, *REST], {"a": ("b", "b")}, {}, "'a' goes on as the same node twice"),
        ([GONE_A, *REST], {"a": ("b",)}, {"d": Merge(("a",))}, "'a' is mapped more than once"),
    ],
)
def test_a_wrong_mapping_is_named(nodes, renames, merges, words):
    _, faults = mapped(nodes, renames, merges)
    assert [fault.code for fault in faults] == ["bad-mapping"]
    assert faults[0].fact.startswith(words), faults[0].fact
    assert faults[0].nodes[0] in ("a", "x")


def test_the_first_version_maps_nothing():
    assert mapped(REST, previous=None) == ({}, [])
    _, (fault,) = mapped(REST, {"a": ("b",)}, {"d": Merge(("e",))}, previous=None)
    assert fault.nodes == ("a", "e")
