"""The order is stable and keeps to the numbers; the cycle that is named is a shortest one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.graph_order import _Walk, edges_of, shortest_cycle, topological_order


def make(count, pairs):
    before, after = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    return edges_of(count, before, after)


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 9))
    number = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(number, number).filter(lambda pair: pair[0] != pair[1]), max_size=16))
    return count, pairs


def naive_order(count, pairs):
    """By the largest number among a node and all before it, then by its longest chain, then by number."""
    before = {n: {b for b, a in pairs if a == n} for n in range(count)}
    turn, depth = {}, {}
    while ready := [n for n in range(count) if n not in turn and before[n] <= turn.keys()]:
        for n in ready:
            turn[n] = max([n, *(turn[b] for b in before[n])])
            depth[n] = max((depth[b] + 1 for b in before[n]), default=0)
    return sorted(turn, key=lambda n: (turn[n], depth[n], n))


def naive_girth(count, pairs):
    """Length of the shortest cycle by powers of the adjacency matrix, 0 if there is none."""
    step = np.zeros((count, count), bool)
    for before, after in pairs:
        step[before, after] = True
    walk = step.copy()
    for length in range(1, count + 1):
        if walk.diagonal().any():
            return length
        walk = walk @ step
    return 0


@given(graphs(), st.sampled_from([0, 1, 2, 200]))
def test_order_is_by_turn_and_leaves_out_exactly_what_a_cycle_holds_up(graph, levels):
    """However many levels go through arrays before the walk goes on node by node."""
    count, pairs = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Walk, "NARROW_LEVELS", levels)
        assert topological_order(make(count, pairs)) == naive_order(count, pairs)


def test_what_is_numbered_before_its_prerequisite_follows_right_behind():
    assert topological_order(make(5, [(3, 0), (0, 1)])) == [2, 3, 0, 1, 4]


def test_a_chain_of_50_000_against_the_numbers_is_walked_node_by_node():
    count = 50_000
    assert topological_order(make(count, [(n + 1, n) for n in range(count - 1)])) == list(range(count))[::-1]


@given(graphs())
def test_cycle_is_real_and_as_short_as_any(graph):
    count, pairs = graph
    edges = make(count, pairs)
    left = set(range(count)).difference(topological_order(edges))
    cycle = shortest_cycle(edges, left)
    assert len(cycle) == naive_girth(count, pairs)
    assert len(set(cycle)) == len(cycle)
    if cycle:
        assert cycle[0] == min(cycle)
        assert set(pairwise([*cycle, cycle[0]])) <= set(pairs)


@given(graphs(), st.randoms())
def test_listing_the_edges_otherwise_changes_nothing(graph, dice):
    count, pairs = graph
    mixed = dice.sample(pairs, len(pairs))
    one, other = make(count, pairs), make(count, mixed)
    assert (one.followers, one.starts) == (other.followers, other.starts)
    assert shortest_cycle(one, range(count)) == shortest_cycle(other, range(count))


def test_an_ascending_path_is_its_own_order():
    edges = make(4, [(0, 2), (1, 2), (2, 3)])
    assert edges.ascending
    assert topological_order(edges) == [0, 1, 2, 3]
    assert edges.of(2) == [3]


def test_a_ring_of_50_000_and_a_short_one_behind_it_are_told_apart_at_once():
    ring = 50_000
    pairs = [(n, (n + 1) % ring) for n in range(ring)] + [
        (7, ring),
        (ring, ring + 1),
        (ring + 1, ring + 2),
        (ring + 2, ring),
    ]
    edges = make(ring + 3, pairs)
    assert topological_order(edges) == []
    assert shortest_cycle(edges, range(ring + 3)) == [ring, ring + 1, ring + 2]


def test_no_nodes_no_order_no_cycle():
    edges = make(0, [])
    assert topological_order(edges) == []
    assert shortest_cycle(edges, []) == []
