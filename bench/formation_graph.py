"""Compare the check of a content graph with stdlib graphlib, which only sorts, as ratios from one run on one machine.

    python bench/formation_graph.py [--nodes 100000] [--rounds 7]

Graphs of the same size, 2.4 prerequisites a node: without gates; with a score gate before every 50th node of phases 2 to 5;
and with ordinals shuffled within their phase, so that no list is in order by luck. graphlib gets the same edges and does
less: it knows no phases, gates, ordinals or earlier version, and its order is not stable. Bound: 0.3 s for 100,000 nodes.
The comparison with rustworkx (build + sort) comes with the bench of the whole pillar.
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from graphlib import TopologicalSorter

from ruach_studio.formation.graph import PHASES, Graph, Kind, Node, ScoreGate
from ruach_studio.formation.graph_check import check_graph

KINDS: tuple[Kind, ...] = ("section", "reflection", "checkpoint")


def make_nodes(count: int, *, gated_every: int = 0, shuffled: bool = False) -> list[Node]:
    """Return `count` nodes by ordinal, in five phases, 2.4 prerequisites each from anywhere earlier; the seed is fixed.

    `shuffled`: within a phase the ordinals say nothing about what comes before what.
    """
    dice = random.Random(20261123)
    number = list(range(count))  # place on the way -> ordinal
    if shuffled:
        fifth = -(-count // 5)
        for start in range(0, count, fifth):
            number[start : start + fifth] = dice.sample(number[start : start + fifth], len(number[start : start + fifth]))
    place = sorted(range(count), key=number.__getitem__)
    befores: list[list[int]] = [dice.sample(range(i), min(i, 2 + (dice.random() < 0.4))) for i in range(count)]
    nodes: list[Node] = []
    for ordinal, i in enumerate(place):
        phase = ordinal * 5 // count
        gated = gated_every and phase and befores[i] and i % gated_every == 0
        nodes.append(Node(f"node-{ordinal}", ordinal, PHASES[phase], KINDS[i % 3], f"Node {i}", f"content/{i}",
                          prerequisites=tuple(f"node-{number[before]}" for before in befores[i]),
                          gate=ScoreGate(2000, PHASES[phase - 1]) if gated else None))  # fmt: skip
    return nodes


def timed(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sort_with_graphlib(nodes: list[Node]) -> int:
    return len(list(TopologicalSorter({node.node_id: node.prerequisites for node in nodes}).static_order()))


def check(nodes: list[Node], previous: Graph | None = None) -> None:
    report = check_graph(nodes, previous=previous)
    assert not report.errors, report.errors[:3]
    assert len(report.order) == len(nodes)


def main() -> None:
    """Print, per graph, the median seconds of the rounds (interleaved) and the ratio to graphlib."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    plain, gated = make_nodes(args.nodes), make_nodes(args.nodes, gated_every=50)
    shuffled = make_nodes(args.nodes, gated_every=50, shuffled=True)
    before = Graph(1, tuple(replace(node, gate=None) for node in gated))
    works: dict[str, Callable[[], object]] = {
        "graphlib, sort only": lambda: sort_with_graphlib(plain),
        "check, no gates": lambda: check(plain),
        "check, gates": lambda: check(gated),
        "check, gates, shuffled ordinals": lambda: check(shuffled),
        "check, gates, after a version": lambda: check(gated, before),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(args.rounds):
        for name, work in works.items():
            taken[name].append(timed(work))
    edges = sum(len(node.prerequisites) for node in plain)
    gates = sum(node.gate is not None for node in gated)
    print(f"{args.nodes} nodes, {edges / args.nodes:.2f} prerequisites each, {gates} gates, median of {args.rounds}")
    peer = statistics.median(taken["graphlib, sort only"])
    for name, each in taken.items():
        middle = statistics.median(each)
        print(f"{name:34s} {middle:7.3f} s (best {min(each):.3f})   graphlib / this = {peer / middle:.2f}")


if __name__ == "__main__":
    main()
