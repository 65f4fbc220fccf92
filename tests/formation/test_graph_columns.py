"""Columns stand in tie order however nodes are listed, also across blocks, and see every change that a look would see."""

import gc
from dataclasses import replace
from random import Random

import pytest

from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.graph_columns import columns_of, places_of

KINDS = ("section", "reflection", "checkpoint")


def make(count, seed=7):
    """Return nodes whose ordinals run against their phases, each with up to two prerequisites that may come later."""
    dice = Random(seed)
    ordinals = dice.sample(range(count), count)
    walk = sorted(range(count), key=lambda i: (i * 5 // count, dice.random()))
    place = {i: n for n, i in enumerate(walk)}
    return [
        Node(f"n{i}", ordinals[i], PHASES[i * 5 // count], KINDS[i % 3], "", "",
             prerequisites=tuple(f"n{walk[b]}" for b in dice.sample(range(place[i]), min(place[i], 2))),
             required=i % 7 > 0, deprecated=i % 11 == 0)
        for i in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def many():
    return make(5000)  # five blocks


def test_columns_are_in_tie_order_over_all_blocks(many):
    columns = columns_of(many)
    expected = sorted(many, key=lambda node: (PHASES.index(node.phase), node.ordinal))
    assert list(columns.nodes) == expected
    assert list(columns.ids) == [node.node_id for node in expected]
    assert columns.ordinals.tolist() == [node.ordinal for node in expected]
    assert [PHASES[rank - 1] for rank in columns.ranks] == [node.phase for node in expected]
    assert [KINDS[code] for code in columns.kinds] == [node.kind for node in expected]
    assert columns.live.tolist() == [not node.deprecated for node in expected]
    assert columns.counted.tolist() == [node.required and not node.deprecated for node in expected]


def test_edges_name_both_ends_over_all_blocks(many):
    columns = columns_of([*many[:-1], replace(many[-1], prerequisites=("n1", "nowhere"))])
    before, after = columns.named_edges()
    named = [(columns.ids[b] if b >= 0 else None, columns.ids[a]) for b, a in zip(before, after, strict=True)]
    names = [(name if name != "nowhere" else None, node.node_id) for node in columns.nodes for name in node.prerequisites]
    assert named == names
    assert (None, "n4999") in named


def test_equal_ordinals_stand_by_id():
    same = [Node(name, 3, "awakening", "section", "", "") for name in "cab"]
    assert columns_of(same).ids == ["a", "b", "c"]


def test_the_order_of_a_version_is_the_order_of_its_check(many):
    order = tuple(node.node_id for node in Graph(1, tuple(many)).order)
    report = check_graph(many, previous=None)
    assert report.ok
    assert report.order == order
    small = Graph(1, tuple(make(60, 3)))
    turn, depth = {}, {}  # the rule of graph_order.py, by names
    left = sorted(small.nodes, key=lambda node: (PHASES.index(node.phase), node.ordinal))
    number = {node.node_id: n for n, node in enumerate(left)}
    while left:
        node = next(node for node in left if turn.keys() >= set(node.prerequisites))
        left.remove(node)
        turn[node.node_id] = max([number[node.node_id], *(turn[before] for before in node.prerequisites)])
        depth[node.node_id] = max((depth[before] + 1 for before in node.prerequisites), default=0)
    assert [node.node_id for node in small.order] == sorted(number, key=lambda name: (turn[name], depth[name], number[name]))
    assert [number[node.node_id] for node in small.order] != sorted(number.values())


def test_keeps_sees_every_change_of_id_ordinal_and_kind(many):
    columns = columns_of([*many, Node("new", 9000, "stewardship", "section", "", "")])
    assert columns.keeps(many)
    assert columns.keeps([])
    for broken in (
        replace(many[4500], node_id="other"),
        replace(many[4500], ordinal=9000),
        replace(many[4500], ordinal=-1),
        replace(many[4500], kind=KINDS[(4500 + 1) % 3]),
    ):
        assert not columns.keeps([*many[:4500], broken, *many[4501:]])
    assert not columns_of(many[:10]).keeps(many[:11])
    assert not columns_of([]).keeps(many[:1])


@pytest.mark.parametrize("names", [[], ["b"], ["nope"], ["b", "a"], ["a", "nope", "b"]])
def test_places(names):
    assert places_of(names, {"a": 0, "b": 1}).tolist() == [{"a": 0, "b": 1}.get(name, -1) for name in names]


def test_nodes_listed_in_order_at_first_only_are_put_in_order(many):
    ordered = list(columns_of(many).nodes)
    assert columns_of(ordered).nodes == ordered
    late = [*ordered[:2000], *ordered[2001:], ordered[2000]]  # in order over the first block, and between blocks too
    assert list(columns_of(late).nodes) == ordered


def test_a_check_sets_off_no_collection_of_garbage(many):
    """One walk of the collector over the check's long lists costs a tenth of the whole check."""
    asked = {phase: ScoreGate(1 if phase == "awakening" else 9000, "awakening") for phase in PHASES}
    gated = [replace(node, gate=asked[node.phase]) if node.prerequisites else node for node in many]
    seen, threshold = [], gc.get_threshold()
    gc.collect()
    gc.set_threshold(700, 10, 10)  # Python's own, as in a command or a notebook
    gc.callbacks.append(watch := lambda phase, info: seen.append(phase))
    try:
        report = check_graph(gated, previous=None)
    finally:
        gc.callbacks.remove(watch)
        gc.set_threshold(*threshold)
    assert report.ok
    assert sum(node.gate is not None for node in gated) > 3 * 700
    assert seen == []
