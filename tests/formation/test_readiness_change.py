"""What changed since the last record is said once, and again only when it changes again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.readiness_change import readiness_changes
from ruach_studio.formation.state import Assessed, FormationState, Reflection, replay

NOW = datetime(2026, 3, 31, tzinfo=UTC)
EMPTY = Graph(1, ())
AXIOM = Axiom("axiom-x", 1, "X", "d", "Core", 1, "God", "Low", "awakening")


def ago(days):
    return NOW - timedelta(days=days)


def state(qualities=(), **more):
    facts = {"covenant": "formation_journey", "last_activity": ago(1)} | more
    count = len(qualities)
    return FormationState(
        reflections={
            f"a{n}": Reflection(f"r{n}", f"c{n}", 90, ago(count - n), date(2026, 3, 1), None) for n in range(count)
        },
        assessed={f"a{n}": Assessed(quality) for n, quality in enumerate(qualities)}, **facts,
    )  # fmt: skip


def told(facts, graph=EMPTY, axioms=None, as_of=NOW):
    return [(c.event_type, c.content_id, c.payload) for c in readiness_changes(facts, graph, axioms or {}, as_of)]


def pauses(facts, graph=EMPTY, as_of=NOW):
    return [
        (data["reason"], data["severity"]) for kind, _, data in told(facts, graph, as_of=as_of) if kind == "pause_triggered"
    ]


def test_a_level_is_told_against_the_recorded_one():
    facts = {"axioms_viewed": {"x": NOW, "y": NOW}}
    payload = {"dimension": "canon_engagement", "previousLevel": "emerging", "newLevel": "forming",
               "reason": "2 points: 2 axioms viewed, 0 cited (3 each)"}  # fmt: skip
    assert told(state(**facts)) == [("readiness_level_changed", "canon_engagement", payload)]
    assert told(state(**facts, readiness={"canon_engagement": "forming"})) == []
    (fallen,) = told(state(readiness={"canon_engagement": "maturing"}))
    assert (fallen[2]["previousLevel"], fallen[2]["newLevel"]) == ("maturing", "emerging")


def test_nothing_is_told_of_an_explorer_or_before_the_covenant():
    for covenant in ("resource_explorer", None):
        assert (
            told(
                state(covenant=covenant, axioms_viewed={"x": NOW, "y": NOW}, sections_completed=dict.fromkeys("abcdef", NOW))
            )
            == []
        )


@pytest.mark.parametrize(("facts", "found"), [
    ({"sections_completed": {f"s{n}": ago(1) for n in range(5)}}, []),
    ({"sections_completed": {f"s{n}": ago(1) for n in range(6)}}, [("speed_run_detected", "suggestion")]),
    ({"sections_completed": {f"s{n}": ago(1) for n in range(11)}}, [("speed_run_detected", "warning")]),
    ({"checkpoints_reached": {"c8": ago(4)}}, []),
    ({"checkpoints_reached": {"c8": ago(4), "c9": ago(5)}}, [("missing_reflections", "suggestion")]),
    ({"checkpoints_reached": {f"c{n}": ago(4) for n in range(4)}}, [("missing_reflections", "warning")]),
    ({"qualities": (199, 150, 0)}, [("surface_engagement", "suggestion")]), ({"qualities": (0, 0, 200)}, []),
    ({"qualities": (0, 0)}, []), ({"qualities": (0, 0, 0)}, [("surface_engagement", "warning")]),
])  # fmt: skip
def test_pauses(facts, found):
    assert pauses(state(**facts)) == found


@pytest.mark.parametrize(("paused", "newest", "told_again"), [
    (6.9, 1, False), (7, 1, True), (7, 7, False), (9, 6.9, True), (20, 10, True),
])  # fmt: skip
def test_a_pause_is_given_again_after_seven_days_and_for_something_new(paused, newest, told_again):
    reached = {"c1": ago(60), "c2": ago(newest + 3.01)}
    facts = state(checkpoints_reached=reached, pauses={"missing_reflections": ago(paused)})
    assert bool(pauses(facts)) is told_again


def test_a_pause_that_was_written_is_not_written_again_the_next_second():
    facts = {"sections_completed": {f"s{n}": ago(1) for n in range(8)}}
    assert pauses(state(**facts, pauses={"speed_run_detected": NOW}), as_of=NOW + timedelta(seconds=1)) == []


def test_dwell(make_node):
    graph = Graph(1, tuple(make_node(f"s{n}", n, min_dwell_s=100) for n in range(7)))

    def left(count, dwell=49, days=1.0, **more):
        names = [f"s{n}" for n in range(count)]
        views = {"section_views": dict.fromkeys(names, 1), "dwell_s": dict.fromkeys(names, dwell)}
        return pauses(state(**views, touched=dict.fromkeys(names, ago(days)), **more), graph)

    assert left(2) == []
    assert left(3) == [("insufficient_dwell_time", "suggestion")]
    assert left(6) == [("insufficient_dwell_time", "warning")]
    assert left(3, dwell=50) == [], "half is enough"
    assert left(3, days=0.9) == [], "still being read"
    assert left(3, sections_completed={"s0": ago(1)}) == []


def test_a_renamed_section_is_one_and_its_dwell_counts_under_both_names(make_node):
    graph = Graph(1, tuple(make_node(f"s{n}", n, min_dwell_s=100) for n in range(7)))
    names = ["old", "s0", "s1"]
    views = {"section_views": dict.fromkeys(names, 1), "carried": {"old": ("s0",)}}
    graph = Graph(2, (*graph.nodes, make_node("old", 8, min_dwell_s=100, deprecated=True)))

    def left(dwell, **more):
        counted = dict.fromkeys([*names, "s2"], 0) | dwell
        seen = {"section_views": views["section_views"] | {"s2": 1}, "carried": views["carried"], "dwell_s": counted}
        return pauses(state(**seen, touched=dict.fromkeys(counted, ago(1)), **more), graph)

    assert left({}) == [("insufficient_dwell_time", "suggestion")], "s0, s1 and s2"
    assert left({"old": 25, "s0": 25}) == [], "half is enough, under two names"
    assert left({}, sections_completed={"old": ago(2)}) == []
    assert left({"s2": 50}) == [], "old and s0 are one: two are left"


def test_gaps_are_told_when_their_severity_is_new():
    facts = state(phase_started={"awakening": ago(8)})
    payload = {"gapType": "theological", "area": "awakening", "severity": "moderate", "recommendation": "Read X."}
    assert told(facts, axioms={"axiom-x": AXIOM}) == [("formation_gap_detected", "theological/awakening", payload)]
    known = state(phase_started={"awakening": ago(8)}, gaps={"theological/awakening": "moderate"})
    assert told(known, axioms={"axiom-x": AXIOM}) == []
    milder = state(phase_started={"awakening": ago(8)}, gaps={"theological/awakening": "minor"})
    assert told(milder, axioms={"axiom-x": AXIOM})[0][2]["severity"] == "moderate"


def test_what_is_told_can_be_written_and_is_then_no_longer_told():
    def event(number, kind, content, data):
        return number, checked(JournalEvent(f"e{number}", "7", "e", kind, content, NOW, data))

    journal = [event(1, "covenant_entered", "", {"covenantType": "formation_journey", "acknowledgedTerms": True})]
    journal.append(event(2, "phase_started", "awakening", {"phase": "awakening"}))
    for n in range(8):
        data = {"sectionId": f"s{n}", "phase": "awakening", "totalDwellTimeSeconds": 9}
        journal.append(event(3 + n, "section_completed", f"s{n}", data))
    journal += [
        event(11 + n, "canon_definition_viewed", f"axiom-{n}", {"axiomId": f"axiom-{n}", "term": "T"}) for n in range(2)
    ]
    later = NOW + timedelta(days=3)
    found = readiness_changes(replay(journal), EMPTY, {"axiom-x": AXIOM}, later)
    assert [each.event_type for each in found] == ["readiness_level_changed", "pause_triggered"]
    journal += [event(13 + n, each.event_type, each.content_id, each.payload) for n, each in enumerate(found)]
    assert readiness_changes(replay(journal), EMPTY, {"axiom-x": AXIOM}, later) == ()
