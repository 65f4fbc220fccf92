"""What a scope asks for equals a naive count over the definition, and is worked by hand once."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.graph import PHASES, Graph, Node, phase_rank
from ruach_studio.formation.scope_plan import ASKED, SCOPES, ScopeNeed, ScopePlan

KINDS = ("section", "reflection", "checkpoint")


def node(i, scope=None, phase=1, befores=(), **more):
    names = tuple(f"n{b}" for b in befores)
    return Node(f"n{i}", i, PHASES[phase - 1], "section", f"N{i}", f"c/{i}", prerequisites=names, scope=scope, **more)


@st.composite
def scoped_paths(draw, most=14):
    nodes = []
    for i in range(draw(st.integers(2, most))):
        rank = min(1 + i // 5, 5)
        befores = draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else ()
        nodes.append(node(i, draw(st.sampled_from((None, *SCOPES))), rank, sorted(befores),
                          required=draw(st.integers(0, 4)) > 0, deprecated=draw(st.integers(0, 6)) == 0))  # fmt: skip
    return tuple(nodes)


def naive_behind(graph, start):
    """What waits for `start` by prerequisites; a deprecated node waits for nobody and is waited for by nobody."""
    found, pending = set(), deque([start])
    while pending:
        for name in graph.opens[pending.popleft()]:
            if name not in found and not graph.by_id[name].deprecated:
                found.add(name)
                pending.append(name)
    return found


def naive_counted(graph, asking, scope):
    behind = naive_behind(graph, asking.node_id)
    return {
        each.node_id for each in graph.nodes
        if each.scope == scope and each.required and not each.deprecated and each.node_id not in behind
        and phase_rank(each.phase) <= phase_rank(asking.phase)
    }  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(scoped_paths())
def test_equals_the_definition(nodes):
    graph = Graph(1, nodes)
    for each in nodes:
        needs = {} if each.deprecated else {
            scope: (percent, naive_counted(graph, each, scope)) for scope, percent in ASKED.get(each.scope or "", ())
        }  # fmt: skip
        expected = {scope: (percent, counted) for scope, (percent, counted) in needs.items() if counted}
        found = graph.scopes.needs.get(each.node_id, ())
        assert {need.scope: (need.percent, set(graph.scopes.counted_for(each.node_id, need))) for need in found} == expected
        for need in found:
            counted = expected[need.scope][1]
            assert need.of == len(counted)
            assert 100 * (need.needed - 1) < need.percent * need.of <= 100 * need.needed  # the least that is enough


def test_worked_by_hand():
    path = (
        node(0, "Individual", 2), node(1, "Individual", 2), node(2, "Individual", 2, required=False),
        node(3, "Household", 2, [0]), node(4, "Individual", 2, [3]), node(5, "Individual", 2),
        node(6, "Household", 3), node(7, "Individual", 3), node(8, "Ecclesia", 3), node(9, "Network", 5),
    )  # fmt: skip
    needs = Graph(1, path).scopes.needs
    # n3: n0, n1, n5 of separation; n2 is optional, n4 waits for n3. 70 % of 3 is 2.1: three
    assert needs["n3"] == (ScopeNeed("Individual", 70, 2, 3, 3),)
    # n6: n0, n1, n4, n5, n7: 3.5, so four
    assert needs["n6"] == (ScopeNeed("Individual", 70, 3, 4, 5),)
    assert needs["n8"] == (ScopeNeed("Individual", 100, 3, 5, 5), ScopeNeed("Household", 50, 3, 1, 2))
    assert needs["n9"] == (ScopeNeed("Individual", 100, 5, 5, 5), ScopeNeed("Ecclesia", 100, 5, 1, 1))
    assert needs.keys() == {"n3", "n6", "n8", "n9"}


def test_a_graph_without_scopes_has_an_empty_plan():
    assert Graph(1, (node(0), node(1, None, 1, [0]))).scopes == ScopePlan()
    assert Graph(1, (node(0, "Individual"), node(1, "Individual"))).scopes == ScopePlan()
    assert Graph(1, (node(0, "Household", 2), node(1, None, 2))).scopes == ScopePlan()  # nothing to count


def test_what_waits_only_through_a_withdrawn_node_is_counted():
    path = [node(0, "Household", 2), node(1, None, 2, [0], deprecated=True), node(2, "Individual", 2, [1])]
    assert Graph(1, tuple(path)).scopes.needs["n0"] == (ScopeNeed("Individual", 70, 2, 1, 1),)


def test_what_waits_at_second_hand_through_an_unscoped_node_is_not_counted():
    path = [node(0, "Household", 2), node(1, None, 2, [0]), node(2, "Individual", 2, [1]), node(3, "Individual", 2)]
    plan = Graph(1, tuple(path)).scopes
    assert plan.needs["n0"] == (ScopeNeed("Individual", 70, 2, 1, 1),)
    assert plan.counted_for("n0", plan.needs["n0"][0]) == ("n3",)
