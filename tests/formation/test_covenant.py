from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.formation.covenant import access_under, path_under, steps_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Deficit, can_access_node
from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.next_step import Progress, rank_next_steps
from ruach_studio.formation.path import whole_path
from ruach_studio.kernel.hashing import inputs_hash

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRST = "enter the covenant first"
JOURNEY = "the formation_journey covenant opens it"


@pytest.fixture
def graph(make_node):
    """Two free nodes in different phases, one behind a withdrawn node, one behind another, one behind a score."""
    return Graph(
        3,
        (
            make_node("old", 1, deprecated=True),
            make_node("a", 2),
            make_node("b", 3, prerequisites=("old",)),
            make_node("c", 4, prerequisites=("a", "b")),
            make_node("d", 5, 2, prerequisites=("c",), gate=ScoreGate(6000, "awakening")),
            make_node("e", 6, 3),
        ),
    )


def _offers(steps):
    return [(step.offer, step.verdict.decision) for step in steps]


def test_without_a_covenant_the_entries_are_offered_and_nothing_opens(graph):
    steps = steps_under(None, graph, Evidence(), as_of=START)
    assert _offers(steps) == [("covenant", "a"), ("covenant", "b"), ("covenant", "e")]
    assert {step.verdict.reasons for step in steps} == {(FIRST,)}
    assert steps[0].progress == Progress("awakening", 0, 3, 0, 5)
    assert {step.verdict.rules_version for step in steps} == {"covenant-v1"}
    assert {step.verdict.inputs_hash for step in steps} == {inputs_hash(steps[0].inputs)}
    for name in ("a", "c", "d"):
        access = access_under(None, graph, Evidence(unlocked=frozenset({name})), name, as_of=START)
        assert (access.verdict.decision, access.verdict.reasons) == ("gated", (FIRST,))
        assert access.deficits == (Deficit("covenant", name, 0, 1, FIRST),)
        assert access.opening.text == FIRST
    assert {step.state for step in path_under(None, graph, Evidence(), as_of=START)} == {"locked"}


def test_an_explorer_browses_what_waits_for_nothing(graph):
    def told(name, **facts):
        access = access_under("resource_explorer", graph, Evidence(**facts), name, as_of=START)
        assert access.verdict.inputs_hash == inputs_hash(access.inputs)
        return access.verdict.decision, access.verdict.reasons

    free = ("free to browse: no prerequisites and no gate", "a resource explorer leaves no record")
    assert told("a") == told("b") == told("e") == ("granted", free)
    asks = "it asks for {}, which a resource explorer does not gather"
    assert told("c") == ("gated", (asks.format("2 prerequisites"), JOURNEY))
    assert told("d") == ("gated", (asks.format("1 prerequisite and a score of awakening"), JOURNEY))
    assert told("old")[0] == "gated"
    kept = ("unlocked or done before; that stays open",)
    assert told("d", unlocked=frozenset({"d"})) == told("d", checkpoints_passed=frozenset({"d"})) == ("granted", kept)
    states = {s.node.node_id: s.state for s in path_under("resource_explorer", graph, Evidence(), as_of=START)}
    assert states == {"a": "open", "b": "open", "c": "locked", "d": "locked", "e": "open"}


def test_an_explorer_is_offered_what_is_free_then_what_the_journey_would_open(graph):
    steps = steps_under("resource_explorer", graph, Evidence(), as_of=START, limit=5)
    assert _offers(steps) == [("open", "a"), ("open", "b"), ("open", "e"), ("locked", "c"), ("locked", "d")]
    assert steps[3].access.opening.text == JOURNEY
    assert len(steps_under("resource_explorer", graph, Evidence(), as_of=START, limit=2)) == 2


def test_a_missing_node_is_a_ghost_under_every_covenant(graph):
    for covenant in (None, "resource_explorer", "formation_journey"):
        access = access_under(covenant, graph, Evidence(), "gone", as_of=START)
        assert (access.ghost, access.verdict.decision) == (True, "gated")


def test_the_journey_is_the_gate_s_and_the_ranking_s_own_matter(graph, make_member):
    member = make_member(graph).do("a").later(days=1)
    facts, now = member.evidence(), member.now + timedelta(hours=1)
    assert steps_under("formation_journey", graph, facts, as_of=now) == rank_next_steps(graph, facts, as_of=now)
    assert path_under("formation_journey", graph, facts, as_of=now) == whole_path(graph, facts, as_of=now)
    assert access_under("formation_journey", graph, facts, "c", as_of=now) == can_access_node(graph, facts, "c", as_of=now)


def test_an_explorer_s_path_says_of_what_was_opened_or_done_what_the_gate_says(graph):
    facts = Evidence(unlocked=frozenset({"d"}), completed={"c": START}, checkpoints_passed=frozenset({"c"}))
    states = {step.node.node_id: step.state for step in path_under("resource_explorer", graph, facts, as_of=START)}
    assert states == {"a": "open", "b": "open", "c": "done", "d": "open", "e": "open"}
    for name in states:
        assert access_under("resource_explorer", graph, facts, name, as_of=START).verdict.decision == "granted"
