"""Turn a graph's edges into one stable topological order, or into the shortest cycle that forbids one.

Nodes are numbers here: 0..n-1 in the order in which ties are broken (phase, then ordinal), so the heap compares small
integers and the same graph gives the same order however its nodes were listed. Edges lie flat in two lists: a list per node
costs more to make than the whole sort (100,000 nodes).
"""

from collections.abc import Collection
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Edges:
    """Node i opens `followers[starts[i]:starts[i + 1]]`, ascending, and waits for `waiting[i]` prerequisites.

    `ascending`: every prerequisite has a smaller number than its follower, as in a path numbered in the order of its walk.
    """

    followers: list[int]
    starts: list[int]
    waiting: list[int]
    ascending: bool

    def of(self, node: int) -> list[int]:
        """Return the nodes that name `node` as a prerequisite."""
        return self.followers[self.starts[node] : self.starts[node + 1]]


def edges_of(count: int, before: NDArray[np.int64], after: NDArray[np.int64]) -> Edges:
    """Return the edges `before[k]` -> `after[k]` of `count` nodes; an edge given twice counts twice."""
    pairs = np.sort(before * count + after)  # one number an edge: by prerequisite, then by follower
    starts = np.searchsorted(pairs, np.arange(count + 1) * count)
    return Edges(
        (pairs % max(count, 1)).tolist(),
        starts.tolist(),
        np.bincount(after, minlength=count).tolist(),
        bool((before < after).all()),
    )


def topological_order(edges: Edges) -> list[int]:
    """Return the nodes so that each comes after its prerequisites, the smallest possible number first (heap-Kahn).

    Nodes on a cycle, and those behind one, are left out. O(E + n log n); if the edges ascend, the numbers are the order.
    """
    if edges.ascending:
        return list(range(len(edges.waiting)))
    followers, starts, waiting = edges.followers, edges.starts, list(edges.waiting)
    ready = [node for node, number in enumerate(waiting) if not number]  # ascending, hence a heap already
    order: list[int] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for follower in followers[starts[node] : starts[node + 1]]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heappush(ready, follower)
    return order


def shortest_cycle(edges: Edges, left: Collection[int]) -> list[int]:
    """Return the nodes of a shortest cycle among `left`, walked from prerequisite to follower; [] if there is none.

    The search goes once around from each node, no deeper than the best so far, then takes that node out: every cycle
    through it has been seen. A lone ring so costs one walk, not one per node. The path starts at its smallest number.
    """
    core = _Core(edges, left)
    best: list[int] = []
    for start in sorted(left):
        if start in core.after:
            found = _cycle_through(start, core.after, len(best) - 1 if best else len(core.after))
            best = found or best
            core.remove([start])
    first = best.index(min(best)) if best else 0
    return best[first:] + best[:first]


class _Core:
    """The part of a graph in which every node has one before it and one after it: all cycles, and little else."""

    def __init__(self, edges: Edges, left: Collection[int]) -> None:
        inside = set(left)
        self.after = {node: {f for f in edges.of(node) if f in inside} for node in inside}
        self.before: dict[int, set[int]] = {node: set() for node in inside}
        for node, opened in self.after.items():
            for follower in opened:
                self.before[follower].add(node)
        self.remove([node for node in inside if not (self.after[node] and self.before[node])])

    def remove(self, nodes: list[int]) -> None:
        """Take `nodes` out, and whatever then lacks a node before or after it."""
        pending = list(nodes)
        while pending:
            node = pending.pop()
            if node not in self.after:
                continue
            for follower in self.after.pop(node):
                self.before[follower].discard(node)
                if not self.before[follower]:
                    pending.append(follower)
            for earlier in self.before.pop(node):
                if earlier in self.after:
                    self.after[earlier].discard(node)
                    if not self.after[earlier]:
                        pending.append(earlier)


def _cycle_through(start: int, after: dict[int, set[int]], longest: int) -> list[int]:
    """Return a shortest cycle through `start` of at most `longest` nodes, or []. Breadth first, in the order of numbers."""
    came_from = {start: start}
    level = [start]
    for _ in range(longest):
        reached: list[int] = []
        for node in level:
            for follower in sorted(after[node]):
                if follower == start:
                    return _path_to(node, start, came_from)
                if follower not in came_from:
                    came_from[follower] = node
                    reached.append(follower)
        level = reached
    return []


def _path_to(node: int, start: int, came_from: dict[int, int]) -> list[int]:
    path = [node]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
