"""Compare the check of a content graph with rustworkx and graphlib, as ratios from one run on one machine.

    python bench/formation_graph.py [--nodes 100000] [--rounds 7]

All start from the same authored nodes (ids and prerequisites as strings). The peers do what they can: map ids to numbers,
build the graph, sort it. rustworkx is given its fastest way in, and is not asked to give names back; its order is not
stable, so its slower stable sort stands beside it. graphlib sorts strings as they are. The check does more: it sorts stably
by phase and ordinal, finds every fault of ids, ordinals, phases and gates, opens all gates to their fixed point, and in the
last line compares with the version before.
Graphs of the same size, 2.4 prerequisites a node: without gates; with a score gate before every 50th node of phases 2 to 5;
and with ordinals shuffled within their phase, so that no list is in order by luck. Seconds are CPU seconds (all run on one
thread), which other programs disturb least. Bound, else exit code 1: 0.3 s for 100,000 nodes, and no slower than rustworkx's
build and plain sort of the same nodes.
"""

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from graphlib import TopologicalSorter
from types import ModuleType

from peers import PeerMissing, peer

from ruach_studio.formation.graph import PHASES, Graph, Kind, Node, ScoreGate
from ruach_studio.formation.graph_check import check_graph

KINDS: tuple[Kind, ...] = ("section", "reflection", "checkpoint")
LIMIT_S, LIMIT_NODES = 0.3, 100_000


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
    start = time.process_time()
    work()
    return time.process_time() - start


def sort_with_graphlib(nodes: list[Node]) -> int:
    return len(list(TopologicalSorter({node.node_id: node.prerequisites for node in nodes}).static_order()))


def sort_with_rustworkx(rustworkx: ModuleType, nodes: list[Node], *, stable: bool = False) -> None:
    """Build and sort. extend_from_edge_list is its fastest way in; it suffices because no node here stands alone."""
    index = {node.node_id: place for place, node in enumerate(nodes)}
    edges = [(index[name], place) for place, node in enumerate(nodes) for name in node.prerequisites]
    graph = rustworkx.PyDiGraph()
    if stable:
        graph.add_nodes_from([f"{place:09d}" for place in range(len(nodes))])
        graph.add_edges_from_no_data(edges)
        order = rustworkx.lexicographical_topological_sort(graph, key=str)
    else:
        graph.extend_from_edge_list(edges)
        order = rustworkx.topological_sort(graph)
    assert len(order) == len(nodes)


def check(nodes: list[Node], previous: Graph | None = None) -> None:
    report = check_graph(nodes, previous=previous)
    assert not report.errors, report.errors[:3]
    assert len(report.order) == len(nodes)


def main() -> None:
    """Print, per graph, the median seconds of the rounds (interleaved) and the ratios to the peers on the same nodes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    plain, gated = make_nodes(args.nodes), make_nodes(args.nodes, gated_every=50)
    shuffled = make_nodes(args.nodes, gated_every=50, shuffled=True)
    before = Graph(1, tuple(replace(node, gate=None) for node in make_nodes(args.nodes, gated_every=50)))
    peers: dict[str, Callable[[list[Node]], object]] = {"graphlib sort": sort_with_graphlib}
    try:
        rustworkx = peer("rustworkx")
        peers["rustworkx build + sort"] = lambda nodes: sort_with_rustworkx(rustworkx, nodes)
        peers["rustworkx build + stable sort"] = lambda nodes: sort_with_rustworkx(rustworkx, nodes, stable=True)
    except PeerMissing as reason:
        print(f"rustworkx is left out: {reason}")
    graphs = {"no gates": (plain, None), "gates": (gated, None), "gates, shuffled ordinals": (shuffled, None),
              "gates, after a version": (gated, before)}  # fmt: skip
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(args.rounds):
        for name, (nodes, previous) in graphs.items():
            for who, work in peers.items():
                taken.setdefault((name, who), []).append(timed(partial(work, nodes)))
            ours = timed(partial(check, nodes, previous))
            taken.setdefault((name, "check"), []).append(ours)
    edges, gates = sum(len(node.prerequisites) for node in plain), sum(node.gate is not None for node in gated)
    print(f"{args.nodes} nodes, {edges / args.nodes:.2f} prerequisites each, {gates} gates, median of {args.rounds}")
    missed: list[str] = []
    for name in graphs:
        ours = statistics.median(taken[name, "check"])
        if args.nodes <= LIMIT_NODES and ours > LIMIT_S:
            missed.append(f"{name}: {ours:.3f} s")
        print(f"check, {name:26s} {ours:6.3f} s (best {min(taken[name, 'check']):.3f})")
        for who in peers:
            theirs = statistics.median(taken[name, who])
            print(f"    {who:30s} {theirs:6.3f} s   {who.split()[0]} / check = {theirs / ours:.2f}")
            if who == "rustworkx build + sort" and theirs < ours:
                missed.append(f"{name}: {theirs / ours:.2f} of rustworkx")
    if missed:
        sys.exit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
