"""Stored mappings become rules; what contradicts itself is refused by name."""

import pytest

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.migration_map import Fate, mapping_faults, parse_mapping, rules_of
from ruach_studio.kernel.errors import BadInput


def merge(into, need="all"):
    return Fate("merge", (into,), need)


def test_a_stored_mapping_is_read():
    stored = {"from": 1, "nodes": {
        "a": {"kind": "renamed", "to": ["b"]}, "c": {"kind": "split", "to": ["d", "e", "d"]}, "f": {"kind": "retired"},
        "g": {"kind": "merge", "to": ["h"], "need": "any"}, "i": {"kind": "same"}, "j": {"kind": "same", "to": ["j"]},
    }}  # fmt: skip
    assert parse_mapping(stored) == {
        "a": Fate("renamed", ("b",)), "c": Fate("split", ("d", "e")), "f": Fate("retired"), "g": merge("h", "any"),
        "i": Fate("same"), "j": Fate("same", ("j",)),
    }  # fmt: skip
    assert parse_mapping({}) == {}


@pytest.mark.parametrize(
    "told",
    [
        "b", {"kind": "gone"}, {"kind": "renamed"}, {"kind": "renamed", "to": ["b", "c"]}, {"kind": "split", "to": ["b"]},
        {"kind": "merge", "to": ["b", "c"]}, {"kind": "merge", "to": ["b"], "need": "most"},
        {"kind": "retired", "to": ["b"]}, {"kind": "same", "to": ["b"]}, {"kind": "renamed", "to": "b"},
        {"kind": "renamed", "to": [""]},
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_by_name(told):
    with pytest.raises(BadInput) as caught:
        parse_mapping({"nodes": {"a": told}})
    assert caught.value.subject == "mapping of a"
    with pytest.raises(BadInput):
        parse_mapping({"nodes": ["a"]})


def test_the_rules_of_several_versions_add_up():
    rules = rules_of([
        {"a": Fate("renamed", ("b",)), "s": Fate("split", ("t", "u"))},
        {"b": merge("m"), "t": merge("m"), "u": merge("n", "any"), "x": Fate("retired")},
    ])  # fmt: skip
    assert rules.heirs("a") == ("b",)
    assert rules.heirs("s") == ("t", "u", "n")
    assert rules.merges == (("m", "b", "t"),)
    assert rules.fates["x"].kind == "retired"


def test_an_operators_word_is_the_last():
    rules = rules_of([{"a": Fate("renamed", ("gone",))}], {"a": ["b", "c"], "d": []})
    assert rules.heirs("a") == ("gone", "b", "c")
    assert (rules.fates["a"].kind, rules.fates["d"].kind) == ("split", "retired")


def test_a_node_that_is_one_of_its_own_parts_keeps_what_it_has():
    rules = rules_of([{"a": merge("a"), "b": merge("a")}])
    assert (rules.merges, rules.heirs("a"), rules.heirs("b")) == ((), (), ())
    any_part = rules_of([{"a": merge("a", "any"), "b": merge("a", "any")}])
    assert (any_part.heirs("a"), any_part.heirs("b")) == ((), ("a",))


def test_a_circle_of_names_ends():
    rules = rules_of([{"a": Fate("renamed", ("b",))}, {"b": Fate("renamed", ("a",))}])
    assert rules.heirs("a") == ("b",)


def test_faults_are_found_before_a_mapping_is_published(make_node):
    old = Graph(1, (make_node("a", 1), make_node("b", 2), make_node("c", 3, kind="checkpoint")))
    new = Graph(2, (*old.nodes, make_node("d", 4), make_node("e", 5, deprecated=True)))
    assert mapping_faults(old, new, {"a": merge("d"), "b": merge("d")}) == ()
    faults = mapping_faults(old, new, {
        "a": merge("d"), "b": merge("d", "any"), "c": Fate("renamed", ("d",)), "z": Fate("retired"),
    })  # fmt: skip
    assert faults == (
        "c is a checkpoint, d a section: one cannot stand for the other", "z is mapped, but version 1 has no such node",
        "d needs all of its parts for one and any for another",
    )  # fmt: skip
    assert mapping_faults(old, new, {"a": Fate("split", ("q", "e"))}) == (
        "a is split to q, which the new version does not have", "a is split to e, which is withdrawn itself",
    )  # fmt: skip
