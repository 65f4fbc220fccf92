"""What is near, found over arrays, is what one finds by looking at every node."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node
from ruach_studio.formation.reach import Reach

AT = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [f"n{i}" for i in range(12)]
KNOWN = NAMES[:9]  # the others are ghosts


@st.composite
def graphs(draw):
    """Return a graph of up to nine nodes that may wait for each other, for ghosts, and for withdrawn ones."""
    nodes = []
    for i in range(draw(st.integers(0, len(KNOWN)))):
        before = draw(st.lists(st.sampled_from([*NAMES[:i], *NAMES[9:]]), max_size=3))
        nodes.append(Node(KNOWN[i], i, PHASES[i * 5 // 9], "section", f"N{i}", f"content/{i}", prerequisites=tuple(before),
                          required=draw(st.booleans()), deprecated=draw(st.integers(0, 3)) == 0))  # fmt: skip
    return Graph(1, tuple(draw(st.permutations(nodes))))


members = st.builds(
    Evidence,
    completed=st.dictionaries(st.sampled_from(NAMES), st.just(AT)),
    started=st.dictionaries(st.sampled_from(NAMES), st.just(AT)),
    checkpoints_passed=st.frozensets(st.sampled_from(NAMES)),
    unlocked=st.frozensets(st.sampled_from(NAMES)),
)


@given(graphs(), members)
def test_equals_a_look_at_every_node(graph, member):
    done = {*member.completed, *member.checkpoints_passed}
    known = {node.node_id: node for node in graph.nodes}

    def behind(name):
        return name in done or (name in known and known[name].deprecated)

    def lacking(node):
        return {name for name in node.prerequisites if not behind(name)}

    def is_near(node):
        waits_for_none = all(name in known and known[name].deprecated for name in node.prerequisites)
        begun = node.node_id in member.started
        follows = waits_for_none or bool(done.intersection(node.prerequisites))
        shown = not node.deprecated or begun
        return node.node_id not in done and shown and (follows or begun or node.node_id in member.unlocked)

    reach = Reach(graph, member)
    near = sorted(filter(is_near, graph.nodes), key=lambda node: node.ordinal)
    assert list(reach.near) == near
    assert list(reach.ready) == [node for node in near if node.node_id in member.unlocked or not lacking(node)]
    waiting = [node for node in graph.nodes if not node.deprecated and node.node_id not in done]
    places = np.array([graph.places.index[node.node_id] for node in near], np.int64)
    assert reach.opens(places).tolist() == [sum(lacking(other) == {node.node_id} for other in waiting) for node in near]
    assert reach.done_in == {
        phase: sum(n.phase == phase and n.required and not n.deprecated and n.node_id in done for n in graph.nodes)
        for phase in PHASES
    }


def test_an_empty_version_has_nothing_near():
    assert Reach(Graph(1, ()), Evidence(unlocked=frozenset({"gone"}))).near == ()
