from dataclasses import replace
from datetime import timedelta

import pytest

from ruach_studio.formation.gating import can_access_node
from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash


def _ask(member, name, *, graph=None, evidence=None):
    return can_access_node(graph or member.graph, evidence or member.evidence(), name, as_of=member.now)


@pytest.fixture
def graph(make_node):
    """Return two sections, a reflection and five checkpoints in awakening, and a way into separation gated at 0.75."""
    return Graph(
        7,
        (
            make_node("s0", 0),
            make_node("s1", 1, prerequisites=("s0",)),
            make_node("r", 2, kind="reflection"),
            *(make_node(f"c{n}", 3 + n, kind="checkpoint") for n in range(5)),
            make_node("next", 8, 2, prerequisites=("s0",), gate=ScoreGate(7500, "awakening")),
        ),
    )


def test_scenario_1_prerequisites_shut_a_node_and_are_named(graph, make_member):
    member = make_member(graph)
    assert _ask(member, "s0").verdict.decision == "granted"
    shut = _ask(member, "s1")
    assert shut.verdict.decision == "gated"
    assert [(each.lack, each.subject) for each in shut.deficits] == [("prerequisite", "s0")]
    assert shut.verdict.reasons == ("prerequisites met 0 of 1: S0 is not done", "to open it: complete S0")
    opened = _ask(member.do("s0"), "s1")
    assert opened.verdict.reasons == ("prerequisites met 1 of 1",)
    assert opened.verdict.rules_version == "gate-v1"
    assert opened.verdict.inputs_hash == inputs_hash(opened.inputs) != shut.verdict.inputs_hash


def test_scenario_2_the_score_gate_tells_its_delta_and_the_fewest_acts(graph, make_member):
    member = make_member(graph).do("s0", "s1", "c0", "c1")
    for _ in range(3):
        member.later(days=1).do("r", quality=600)
    shut = _ask(member.later(days=20), "next")
    # 20 + 25*0.6 + 35*2/5 + 10*4/7 + 10*4/7 = 60.43 of 100
    assert [(each.lack, each.have, each.needed) for each in shut.deficits] == [("score", 6042, 7500)]
    assert shut.verdict.reasons[0] == (
        "score 0.6042 in awakening, threshold 0.75, 0.1458 short; most is lacking in checkpoint passages 2 of 5 (35 %)"
    )
    # one more reflection gives 10.0, one more checkpoint 7.0: both are needed
    assert shut.opening.acts == ("r", "c2")
    assert shut.opening.text == "reflect again on R and pass 1 more checkpoint"
    near = _ask(member.do("c2"), "next")
    assert near.opening.text == "reflect again on R, or pass 1 more checkpoint"
    assert _ask(member.do("r", quality=905), "next").verdict.decision == "granted"


def test_scenario_3_seven_days_are_a_hard_rule(graph, make_member):
    member = make_member(graph).do("s0")
    for name in ("s1", "r", "c0", "c1"):
        member.later(days=1).do(name, quality=1000)
    member.do("c2", "c3", "c4").later(hours=20)
    early = _ask(member, "next")
    assert [(each.lack, each.subject) for each in early.deficits] == [("phase_minimum", "awakening")]
    assert early.verdict.reasons == (
        "awakening lasts at least 7 days: 2 days 4 hours to go",
        "to open it: 2 days 4 hours to go",
    )
    assert early.opens_at == member.now + timedelta(days=2, hours=4)
    almost = can_access_node(graph, member.evidence(), "next", as_of=early.opens_at - timedelta(microseconds=1))
    assert almost.verdict.decision == "gated"
    assert can_access_node(graph, member.evidence(), "next", as_of=early.opens_at).verdict.decision == "granted"


def test_scenario_4_what_was_opened_is_never_shut_again(graph, make_member, make_node):
    member = make_member(graph)
    member.unlocked.add("s1")
    assert _ask(member, "s1").verdict.reasons == ("unlocked before; what was unlocked stays open",)
    member.do("c0")
    harder = tuple(replace(n, prerequisites=("s0",), gate=ScoreGate(10_000, "awakening"), deprecated=n.node_id == "s1")
                   for n in graph.nodes)  # fmt: skip
    assert _ask(member, "s1", graph=Graph(8, harder)).verdict.decision == "granted"
    assert _ask(member, "c0", graph=Graph(8, harder)).verdict.reasons == ("already done; what was done stays open",)
    assert _ask(member, "c1", graph=Graph(8, harder)).verdict.decision == "gated"


def test_scenario_5_a_ghost_blocks_recoverably(graph, make_member):
    member = make_member(graph)
    member.unlocked.add("lost")
    ghost = _ask(member, "lost")
    assert (ghost.ghost, ghost.verdict.decision, ghost.deficits[0].subject) == (True, "gated", "lost")
    assert ghost.verdict.reasons == (
        "node lost is missing from version 7 of the path",
        "to open it: an operator repairs the path; your progress is kept",
    )
    without = Graph(7, tuple(node for node in graph.nodes if node.node_id != "s0"))
    behind = _ask(member, "s1", graph=without)
    assert (behind.ghost, behind.deficits[0].subject, behind.opening.reachable) == (True, "s0", False)
    assert _ask(member, "s1", evidence=replace(member.evidence(), completed={"s0": member.now})).ghost is False


def test_a_withdrawn_node_is_hidden_unless_it_was_started(graph, make_member):
    changed = Graph(8, tuple(replace(n, deprecated=n.node_id == "s0") for n in graph.nodes))
    member = make_member(changed)
    assert _ask(member, "s0").verdict.reasons[0] == "S0 is withdrawn from version 8 of the path"
    assert _ask(member, "s1").verdict.decision == "granted", "a withdrawn prerequisite is asked of nobody"
    assert _ask(member.start("s0"), "s0").verdict.decision == "granted"


def test_all_that_is_lacking_is_told_at_once(graph, make_member):
    shut = _ask(make_member(graph), "next")
    assert [each.lack for each in shut.deficits] == ["prerequisite", "phase_minimum", "score"]
    assert shut.opens_at is None
    assert shut.opening.acts == ("s0", "r", "s1", "c0", "c1", "c2", "c3", "c4")
    assert shut.opening.text == (
        "complete S0, reflect on R, complete 1 more section and pass 5 more checkpoints; begin awakening, then 7 days"
    )


def test_one_act_is_enough_so_the_others_that_would_do_are_offered(graph, make_member):
    member = make_member(graph)
    for name in ("s0", "s1", "c0", "c1", "c2", "c3", "r"):
        member.do(name, quality=600).later(days=1)
    wanting = Graph(7, (*graph.nodes[:-1], replace(graph.nodes[-1], gate=ScoreGate(8900, "awakening"))))
    shut = _ask(member, "next", graph=wanting)
    assert [(each.lack, each.have) for each in shut.deficits] == [("score", 8300)]
    assert shut.opening.text == "reflect again on R, or pass 1 more checkpoint"


def test_when_all_is_done_only_days_are_asked(graph, make_member):
    member = make_member(graph).do(*(n.node_id for n in graph.nodes[:-1]), quality=1000).later(days=9)
    strict = Graph(7, (*graph.nodes[:-1], replace(graph.nodes[-1], gate=ScoreGate(9000, "awakening"))))
    shut = _ask(member, "next", graph=strict)
    # 80 + 10*(1+d)/7 + 10*max(d, 1)/7 >= 90 from d = 3
    assert (shut.opening.acts, shut.opening.active_days) == ((), 3)
    assert shut.opening.text == "be active on 3 more days in a row"


def test_a_naive_time_is_refused(graph, make_member):
    with pytest.raises(BadInput):
        can_access_node(graph, make_member(graph).evidence(), "s0", as_of=make_member(graph).now.replace(tzinfo=None))
