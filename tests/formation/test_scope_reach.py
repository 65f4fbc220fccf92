"""A scope or a score gate is called closed exactly when a naive walk cannot open it either."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate, phase_rank
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.graph_columns import columns_of
from ruach_studio.formation.graph_order import edges_of
from ruach_studio.formation.graph_reach import closed_gates, perfect_score_bp
from ruach_studio.formation.scope_plan import SCOPES, ScopePlan, plan_scopes
from ruach_studio.formation.scope_reach import _Reach, shut_gates
from ruach_studio.formation.scope_standing import ScopeWork

KINDS = ("section", "reflection", "checkpoint")
RANKS = {phase: phase_rank(phase) for phase in PHASES}


def node(i, scope=None, phase=1, befores=(), gate=None, kind="section", **more):
    gate = ScoreGate(gate, PHASES[phase - 1]) if isinstance(gate, int) else gate
    names = tuple(f"n{b}" for b in befores)
    return Node(f"n{i}", i, PHASES[phase - 1], kind, f"N{i}", f"c/{i}", prerequisites=names, gate=gate, scope=scope, **more)


def prepared(nodes):
    pairs = [(int(name[1:]), i) for i, each in enumerate(nodes) for name in each.prerequisites]
    before, after = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    gates = {i: each.gate for i, each in enumerate(nodes) if each.gate}
    return nodes, edges_of(len(nodes), before, after), gates


def shut(nodes):
    nodes, edges, gates = prepared(nodes)
    return shut_gates(columns_of(nodes), edges, gates, plan_scopes(nodes, RANKS))


def best(graph, opened, phase):
    live = [each for each in graph.nodes if each.node_id in opened and each.phase == phase and not each.deprecated]
    done = {kind: sum(each.kind == kind and each.required for each in live) for kind in KINDS}
    required = {kind: len(graph.required_of(phase, kind)) for kind in KINDS}
    return perfect_score_bp(done, required, active=bool(live))


def naive(nodes):
    """Walk as far as one can, let what is stuck in, and so on: (score gates, scopes) that were stuck, by node id."""
    scores, scopes = {}, {}
    let_in = set()
    graph = Graph(1, tuple(nodes))
    opened = {each.node_id for each in nodes if each.deprecated}
    while True:
        grew = True
        while grew:
            done = [name for name in opened if not graph.by_id[name].deprecated]
            work = ScopeWork(graph, Evidence(completed=dict.fromkeys(done)))
            score = {phase: best(graph, opened, phase) for phase in PHASES}
            ready = [e for e in nodes if e.node_id not in opened and set(e.prerequisites) <= opened]
            lacks = {
                each.node_id: (each.gate and score[each.gate.scope] < each.gate.minimum_bp,
                               [one for one in work.standings(each) if not one.met])
                for each in ready
            }  # fmt: skip
            grew = {name for name, (gate, needs) in lacks.items() if name in let_in or not (gate or needs)}
            opened |= grew
        if not lacks:
            return scores, scopes
        for name, (gate, needs) in lacks.items():
            if gate:
                scores[name] = score[graph.by_id[name].gate.scope]
            for one in needs:
                scopes[name, one.need.scope] = one.have
        let_in |= lacks.keys()


@st.composite
def paths(draw):
    nodes = []
    for i in range(draw(st.integers(2, 13))):
        rank = min(1 + i // 5, 3)
        gate = None
        if i and draw(st.integers(0, 4)) == 0:
            gate = ScoreGate(draw(st.integers(1, 20)) * 500, PHASES[draw(st.integers(0, rank - 1))])
        befores = draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else ()
        nodes.append(node(i, draw(st.sampled_from((None, "Individual", *SCOPES))), rank, sorted(befores), gate,
                          draw(st.sampled_from(KINDS)), required=draw(st.integers(0, 4)) > 0,
                          deprecated=draw(st.integers(0, 6)) == 0))  # fmt: skip
    return nodes


@settings(max_examples=100, deadline=None)
@given(paths())
def test_equals_the_naive_walk(nodes):
    gates, scopes = shut(nodes)
    found = {nodes[each.position].node_id: each.best_bp for each in gates}
    needs = {(nodes[each.position].node_id, each.need.scope): each.have for each in scopes}
    assert (found, needs) == naive(nodes)


@settings(max_examples=100, deadline=None)
@given(paths())
def test_without_scopes_it_equals_the_walk_over_score_gates_alone(nodes):
    nodes, edges, gates = prepared([replace(each, scope=None) for each in nodes])
    reach, found = _Reach(nodes, edges, gates, ScopePlan()), []
    while True:
        reach.open_all()
        stuck = sorted(position for heap in reach.ready.values() for _, position in heap)
        if not stuck:
            break
        found += [gate for position in stuck for gate in reach.closed_score(position)]
        reach.ready.clear()
        reach.open(stuck)
    assert tuple(sorted(found, key=lambda gate: gate.position)) == closed_gates(columns_of(nodes), edges, gates)


def test_two_nodes_that_wait_for_each_other_through_scopes_are_both_named():
    # each counts the individual work that waits for the other one
    path = [node(0, "Individual"), node(1, "Ecclesia"), node(2, "Ecclesia"), node(3, "Individual", befores=[1]),
            node(4, "Individual", befores=[2])]  # fmt: skip
    gates, scopes = shut(path)
    assert gates == ()
    assert [(each.position, each.need.needed, each.need.of, each.have, each.missing) for each in scopes] == [
        (1, 2, 2, 1, ("n4",)), (2, 2, 2, 1, ("n3",)),
    ]  # fmt: skip
    faults = check_graph(path, previous=None).errors
    assert [(fault.code, fault.nodes) for fault in faults] == [
        ("unreachable-scope", ("n1", "n4")), ("unreachable-scope", ("n2", "n3")),
    ]  # fmt: skip
    assert faults[0].fact == (
        "nobody can ever open 'n1': Ecclesia work asks for 2 of 2 Individual nodes up to awakening (100 %), only 1 can be "
        "done before it; out of reach: n4"
    )
    assert check_graph(path[:4], previous=None).ok
    assert check_graph([*path[:4], replace(path[4], required=False)], previous=None).ok


def test_a_score_gate_and_a_scope_that_wait_for_each_other_are_both_named():
    path = [node(0, "Individual"), node(1, "Individual", befores=[0], gate=10000), node(2, "Ecclesia", befores=[0])]
    # n1 wants the whole score, of which n2 is a third; n2 wants all individual work, of which n1 is half
    gates, scopes = shut(path)
    assert [(gate.position, gate.best_bp) for gate in gates] == [(1, 6666)]
    assert [(each.position, each.have, each.missing) for each in scopes] == [(2, 1, ("n1",))]
    assert [fault.code for fault in check_graph(path, previous=None).errors] == ["unreachable-gate", "unreachable-scope"]


def test_a_long_list_of_what_is_out_of_reach_is_cut_short():
    path = [node(0, "Ecclesia"), node(1, "Ecclesia"), *(node(i, "Individual", befores=[1]) for i in range(2, 7)),
            node(7, "Individual", befores=[0])]  # fmt: skip
    fault = check_graph(path, previous=None).errors[0]
    assert fault.nodes == ("n0", "n2", "n3", "n4")
    assert fault.fact.endswith("out of reach: n2, n3, n4 and 2 more")
