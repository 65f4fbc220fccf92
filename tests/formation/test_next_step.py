from dataclasses import replace
from datetime import timedelta

import pytest

from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.next_step import Progress, rank_next_steps
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash


def _next(member, limit=3, **change):
    return rank_next_steps(member.graph, replace(member.evidence(), **change), as_of=member.now, limit=limit)


def _offers(steps):
    return [(step.offer, step.verdict.decision) for step in steps]


@pytest.fixture
def open_graph(make_node):
    """Return three done beginnings and four nodes behind them, of different tags, of which one opens two further."""
    tagged = {"like": {"grace", "exodus"}, "half": {"grace", "psalms"}, "new": {"prayer"}, "other": {"law"}}
    return Graph(
        2,
        (
            *(make_node(f"b{n}", n, tags=frozenset({"grace", "exodus"})) for n in range(3)),
            *(make_node(name, 10 + n, prerequisites=("b0", "b1", "b2"), tags=frozenset(tags))
              for n, (name, tags) in enumerate(tagged.items())),
            make_node("far0", 20, kind="checkpoint", prerequisites=("other",)),
            make_node("far1", 21, kind="checkpoint", prerequisites=("other", "b0")),
            make_node("far2", 22, kind="checkpoint", prerequisites=("other", "half")),
        ),
    )  # fmt: skip


def test_the_ranking_follows_the_formula(open_graph, make_member):
    member = make_member(open_graph).do("b0", "b1", "b2").later(days=5)
    steps = _next(member)
    # new and other: V 1000, D 1000; other opens two more. half: V 714, D 1000 - 333 = 667 -> 690. like: V 714, D 0 -> 357
    assert _offers(steps) == [("open", "other"), ("open", "new"), ("open", "half")]
    assert steps[0].verdict.reasons == (
        "prerequisites met 3 of 3", "no similar content yet", "diversity 1.00", "opens 2 further steps",
    )  # fmt: skip
    assert steps[2].verdict.reasons == (
        "prerequisites met 3 of 3", "5 days since similar content", "diversity 0.66", "opens no further step by itself",
    )  # fmt: skip
    assert steps[0].progress == Progress("awakening", 3, 10, 3, 10)
    assert {step.verdict.rules_version for step in steps} == {"next-v1"}
    assert {step.verdict.inputs_hash for step in steps} == {inputs_hash(steps[0].inputs)}


def test_what_was_picked_makes_its_like_less_diverse(make_node, make_member):
    tags = [{"grace"}, {"grace"}, {"grace", "law"}, {"law", "prophets"}]
    graph = Graph(1, tuple(make_node(f"n{n}", n, tags=frozenset(each)) for n, each in enumerate(tags)))
    steps = _next(make_member(graph), limit=4)
    # after n2 (tie: all 1000, lowest ordinal is n0), n3 shares nothing with n0; then n2 overlaps by half, n1 wholly
    assert [step.verdict.decision for step in steps] == ["n0", "n3", "n2", "n1"]
    assert [step.verdict.reasons[2] for step in steps] == [f"diversity {d}" for d in ("1.00", "1.00", "0.50", "0.00")]


def test_started_and_unfinished_comes_first_the_newest_first(open_graph, make_member):
    member = (
        make_member(open_graph).do("b0", "b1", "b2").later(days=5).start("half").later(days=2).start("like").later(hours=3)
    )
    steps = _next(member)
    assert _offers(steps) == [("continue", "like"), ("continue", "half"), ("open", "other")]
    assert steps[0].verdict.reasons == ("started 3 hours ago, not finished", "prerequisites met 3 of 3")


def test_the_answer_does_not_depend_on_the_order_of_the_nodes(open_graph, make_member):
    member = make_member(open_graph).do("b0", "b1", "b2").later(days=5)
    turned = make_member(Graph(2, open_graph.nodes[::-1])).do("b2", "b1", "b0").later(days=5)
    assert _next(member, limit=9) == _next(turned, limit=9)


def test_content_without_tags_is_alike_by_kind(make_node, make_member):
    graph = Graph(1, (make_node("s0", 0), make_node("s1", 1), make_node("c", 2, kind="checkpoint")))
    steps = _next(make_member(graph).do("s0").later(days=1), limit=2)
    assert [(step.verdict.decision, step.verdict.reasons[1]) for step in steps] == [
        ("c", "no similar content yet"), ("s1", "1 day since similar content"),
    ]  # fmt: skip


def test_fewer_open_than_asked_are_filled_with_the_nearest_locked(walk_graph, make_member):
    steps = _next(make_member(walk_graph))
    assert _offers(steps) == [("open", "p1-s0"), ("locked", "p1-s1"), ("locked", "p1-s2")]
    assert steps[1].verdict.reasons == (
        "not open yet", "prerequisites met 0 of 1: P1-S0 is not done", "to open it: complete P1-S0",
    )  # fmt: skip


def test_when_only_time_is_lacking_the_wait_is_told_and_revisits_are_offered(walk_graph, make_member):
    member = make_member(walk_graph)
    for name in ("p1-s0", "p1-s1", "p1-s2", "p1-r", "p1-c0", "p1-c1"):
        member.do(name)
        member.later(hours=19, minutes=20)
    steps = _next(member)
    assert _offers(steps) == [("locked", "p2-s0"), ("revisit", "p1-s0"), ("revisit", "p1-s1")]
    assert steps[0].verdict.reasons[0] == "opens in 2 d 4 h"
    assert steps[0].access.opens_at == member.evidence().phase_started["awakening"] + timedelta(days=7)


def test_a_gate_that_a_better_reflection_would_open_sends_back_to_it(make_node, make_member):
    gate = ScoreGate(6000, "awakening")
    graph = Graph(1, (make_node("s", 0), make_node("r", 1, kind="reflection"), make_node("end", 2, 2, gate=gate)))
    member = make_member(graph).do("s").later(days=1).do("r", quality=200).later(days=9)
    steps = _next(member)
    assert _offers(steps) == [("locked", "end"), ("revisit", "r"), ("revisit", "s")]
    assert steps[0].verdict.reasons[-1] == "to open it: reflect again on R"


def test_a_finished_path_says_so_and_offers_what_to_revisit(make_node, make_member):
    graph = Graph(1, (make_node("a", 0), make_node("b", 1), make_node("old", 2, deprecated=True)))
    member = make_member(graph).do("b").later(days=1).do("a").later(days=3)
    steps = _next(member)
    assert _offers(steps) == [("path_complete", "path_complete"), ("revisit", "b"), ("revisit", "a")]
    assert steps[0].verdict.reasons == ("all required steps are done, 2 of 2",)
    assert steps[1].verdict.reasons[0] == "done 4 days ago"


def test_after_seven_days_content_is_as_fresh_as_it_gets(make_node, make_member):
    graph = Graph(1, tuple(make_node(f"n{n}", n, tags=frozenset({f"t{n // 2}"})) for n in range(4)))
    member = make_member(graph).do("n2").later(days=3).do("n0").later(days=7)
    steps = _next(member, limit=2)
    assert [step.verdict.reasons[1] for step in steps] == ["7 days since similar content", "10 days since similar content"]


def test_of_the_locked_the_one_that_lacks_least_comes_first(make_node, make_member):
    nodes = (make_node("a", 0), make_node("b", 1), make_node("c", 2, prerequisites=("a", "b")),
             make_node("d", 3, prerequisites=("a",)))  # fmt: skip
    assert _offers(_next(make_member(Graph(1, nodes)), limit=4))[2:] == [("locked", "d"), ("locked", "c")]


def test_optional_content_goes_on_after_the_required(make_node, make_member):
    graph = Graph(1, (make_node("a", 0), make_node("more", 1, required=False)))
    assert _offers(_next(make_member(graph).do("a"))) == [("open", "more")]


def test_a_path_with_a_ghost_in_it_still_answers(make_node, make_member):
    graph = Graph(1, (make_node("a", 0, prerequisites=("lost",)), make_node("b", 1, prerequisites=("a",))))
    steps = _next(make_member(graph))
    assert _offers(steps) == [("locked", "b"), ("locked", "a")]
    assert steps[1].access.ghost is True
    assert "node lost is missing from version 1 of the path" in steps[1].verdict.reasons


def test_a_limit_out_of_range_is_refused(walk_graph, make_member):
    for limit in (0, 51):
        with pytest.raises(BadInput):
            _next(make_member(walk_graph), limit=limit)
