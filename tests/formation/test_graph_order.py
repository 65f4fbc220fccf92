"""The order is stable and the smallest there is; the cycle that is named is a shortest one."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.graph_order import edges_of, shortest_cycle, topological_order


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
    order = []
    while True:
        ready = [n for n in range(count) if n not in order and all(b in order for b, a in pairs if a == n)]
        if not ready:
            return order
        order.append(ready[0])


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


@given(graphs())
def test_order_is_the_smallest_and_leaves_out_exactly_what_a_cycle_holds_up(graph):
    count, pairs = graph
    assert topological_order(make(count, pairs)) == naive_order(count, pairs)


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
    assert (one.followers, one.starts, one.waiting) == (other.followers, other.starts, other.waiting)
    assert shortest_cycle(one, range(count)) == shortest_cycle(other, range(count))


def test_an_ascending_path_is_its_own_order():
    edges = make(4, [(0, 2), (1, 2), (2, 3)])
    assert edges.ascending
    assert topological_order(edges) == [0, 1, 2, 3]
    assert edges.of(2) == [3]
    assert edges.waiting == [0, 0, 2, 1]


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
