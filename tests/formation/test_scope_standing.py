"""A scope gates with its numbers, says what would open it, and holds: what is said to open a node does open it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ruach_studio.formation.gating import Deficit, can_access_node
from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.path import watch_path
from ruach_studio.formation.scope_standing import waiting_for

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def home(make_node):
    """Return separation with four individual steps, one optional one, and household work that two steps wait for."""
    return Graph(
        3,
        (
            make_node("i0", 0, scope="Individual"),
            make_node("i1", 1, scope="Individual"),
            make_node("i2", 2, kind="checkpoint", scope="Individual", prerequisites=("i1",)),
            make_node("spare", 3, scope="Individual", required=False),
            make_node("h", 4, scope="Household", prerequisites=("i0",)),
            make_node("i3", 5, scope="Individual", prerequisites=("h",)),
            make_node("i4", 6, scope="Individual", prerequisites=("i3",)),
            make_node("e", 7, scope="Ecclesia"),
            make_node("plain", 8),
        ),
    )


def ask(member, name):
    return can_access_node(member.graph, member.evidence(), name, as_of=member.now)


def test_the_deficit_has_its_numbers_and_what_would_open_it(home, make_member):
    member = make_member(home).do("i0", "spare", "plain")
    told = ask(member, "h")
    words = "Household work asks for 70 % of the Individual work up to awakening: 1 of 3 done, 3 needed"
    assert told.deficits == (Deficit("scope", "Individual", 1, 3, words),)
    assert told.verdict.reasons == (words, "to open it: complete I1 and pass I2")
    assert told.opening.acts == ("i1", "i2")
    opened = ask(member.do("i1", "i2"), "h")
    met = "Household work asks for 70 % of the Individual work up to awakening: 3 of 3 done, 3 needed"
    assert opened.verdict.reasons == ("prerequisites met 1 of 1", met)


def test_prerequisites_count_before_the_scope_and_are_not_asked_twice(home, make_member):
    told = ask(make_member(home), "h")
    assert [each.lack for each in told.deficits] == ["prerequisite", "scope"]
    assert told.opening.acts == ("i0", "i1", "i2")
    assert told.opening.text == "complete I0, complete I1 and pass I2"


def test_what_waits_for_the_node_is_not_counted_even_if_an_operator_let_it_be_done(home, make_member):
    told = ask(make_member(home).do("i0", "i3", "i4"), "h")
    assert [(each.have, each.needed) for each in told.deficits] == [(1, 3)]
    assert told.opening.acts == ("i1", "i2")


def test_two_needs_are_two_deficits(home, make_member):
    told = ask(make_member(home).do("i0", "i1", "i2"), "e")
    assert [(each.subject, each.have, each.needed) for each in told.deficits] == [("Individual", 3, 5), ("Household", 0, 1)]
    assert told.opening.acts == ("i3", "i4", "h")
    assert told.opening.reachable is True


def test_many_steps_are_counted_not_listed(make_node, make_member):
    path = [*(make_node(f"i{n}", n, scope="Individual") for n in range(6)), make_node("e", 9, scope="Ecclesia")]
    told = ask(make_member(Graph(1, tuple(path))), "e")
    assert told.opening.text == "complete I0, complete I1, complete I2 and 3 more steps of Individual work"
    assert len(told.opening.acts) == 6


def test_an_unlocked_or_withdrawn_node_asks_for_no_scope(home, make_node, make_member):
    member = make_member(home)
    member.unlocked = {"h"}
    assert ask(member, "h").verdict.decision == "granted"
    old = Graph(4, (make_node("i0", 0, scope="Individual"), make_node("h", 4, scope="Household", deprecated=True)))
    assert ask(make_member(old).start("h"), "h").verdict.decision == "granted"


def test_a_score_is_not_promised_from_what_waits_through_a_scope(make_node, make_member):
    # the congregation's checkpoint waits for all individual work, hence for `way` itself
    path = (
        make_node("s0", 0, scope="Individual"), make_node("s1", 1, scope="Individual"),
        make_node("c", 2, kind="checkpoint", scope="Ecclesia"), make_node("c2", 3, kind="checkpoint", prerequisites=("s0",)),
        make_node("way", 4, scope="Individual", prerequisites=("s0",), gate=ScoreGate(3500, "awakening")),
    )  # fmt: skip
    graph = Graph(1, path)
    assert check_graph(path, previous=None).ok
    member = make_member(graph).do("s0")
    assert waiting_for(graph, member.evidence(), graph.by_id["way"]) == {"way", "c"}
    assert waiting_for(graph, member.evidence(), graph.by_id["s1"]) == {"s1", "c"}
    assert ask(member, "way").opening.acts == ("c2",)
    assert ask(member.do("c2"), "way").verdict.decision == "granted"


def test_nothing_waits_through_a_withdrawn_node(make_node, make_member):
    path = (make_node("e", 0, scope="Ecclesia"), make_node("old", 1, prerequisites=("e",), deprecated=True),
            make_node("i", 2, scope="Individual", prerequisites=("old",)))  # fmt: skip
    told = ask(make_member(Graph(1, path)), "e")
    assert (told.opening.acts, told.opening.reachable) == (("i",), True)


@st.composite
def scoped_graphs(draw, make_node):
    nodes = []
    for i in range(draw(st.integers(3, 14))):
        rank = min(1 + i // 6, 5)
        allowed = ("Individual", "Ecclesia") if rank == 1 else ("Individual", "Individual", "Household", "Ecclesia")
        befores = draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else ()
        gate = None
        if befores and draw(st.integers(0, 5)) == 0:
            gate = ScoreGate(draw(st.integers(1, 12)) * 500, draw(st.sampled_from(["awakening"])))
        nodes.append(make_node(f"n{i}", i, rank, draw(st.sampled_from(("section", "reflection", "checkpoint"))),
                               prerequisites=tuple(f"n{b}" for b in sorted(befores)), gate=gate,
                               scope=draw(st.sampled_from((None, *allowed))), required=draw(st.integers(0, 4)) > 0,
                               deprecated=draw(st.integers(0, 8)) == 0))  # fmt: skip
    return Graph(1, tuple(nodes))


def test_whoever_does_all_that_is_open_comes_to_the_end_of_any_graph_that_was_let_in(make_node, make_member):
    @settings(max_examples=150, deadline=None)
    @given(scoped_graphs(make_node))
    def walk(graph):
        assume(check_graph(graph.nodes, previous=None).ok and graph.scopes.needs)
        member, granted = make_member(graph), set()
        for _ in range(80):
            open_now = [node.node_id for node in watch_path(graph, member.evidence(), as_of=member.now)]
            assert granted <= {*open_now, *member.completed}, "what was open stays open"
            granted = {*open_now, *member.completed}
            member.do(*(open_now or list(member.completed)), quality=1000).later(days=1)
        assert {node.node_id for node in graph.nodes if not node.deprecated} <= member.completed.keys()

    walk()


def test_doing_what_is_said_meets_the_scope(make_node, make_member):
    @settings(max_examples=150, deadline=None)
    @given(scoped_graphs(make_node), st.data())
    def check(graph, data):
        assume(check_graph(graph.nodes, previous=None).ok and graph.scopes.needs)
        member = make_member(graph)
        for _ in range(data.draw(st.integers(0, 6))):
            open_now = watch_path(graph, member.evidence(), as_of=member.now)
            if open_now:
                member.do(data.draw(st.sampled_from(open_now)).node_id)
            member.later(days=2)
        name = data.draw(st.sampled_from(sorted(graph.scopes.needs)))
        told = ask(member, name)
        barred = waiting_for(graph, member.evidence(), graph.by_id[name])
        assert barred.isdisjoint(told.opening.acts)
        member.do(*(each for each in told.opening.acts if not is_done(member.evidence(), each)), quality=1000)
        later = ask(member.later(days=8), name)
        assert not {"prerequisite", "scope"} & {each.lack for each in later.deficits}
        assert later.opening.reachable

    check()


def test_the_wait_for_the_phase_comes_before_the_scope(make_node, make_member):
    path = (make_node("i0", 0, scope="Individual"), make_node("h", 1, 2, scope="Household"))
    told = ask(make_member(Graph(1, path)).start("i0").later(days=5), "h")
    assert [each.lack for each in told.deficits] == ["phase_minimum", "scope"]
    assert told.opens_at is None, "time alone does not open it"
    assert told.opening.text == "complete I0; 2 days to go"
    assert ask(make_member(Graph(1, path)).do("i0").later(days=5), "h").opens_at == NOW + timedelta(days=7)
