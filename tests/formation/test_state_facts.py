"""Each event changes the facts it is about, and evidence carries them to the graph of today."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.state import evidence_of, replay

START = datetime(2026, 3, 1, 22, tzinfo=UTC)
GRAPH = Graph(2, (
    Node("s1", 1, "awakening", "section", "One", "c/1", tags=frozenset({"grace", "call"})),
    Node("s2", 2, "awakening", "section", "Two", "c/2", tags=frozenset({"grace"})),
    Node("r1", 3, "awakening", "reflection", "Three", "c/3"),
))  # fmt: skip
CHECKPOINT = {"checkpointId": "c1", "sectionId": "s1", "phase": "awakening"}


def log(*rows):
    """(type, content id, hours after START, payload) -> numbered events."""
    return [
        (n, checked(JournalEvent(f"e{n}", "7", "n1", kind, node, START + timedelta(hours=hours), data), allow_control=True))
        for n, (kind, node, hours, data) in enumerate(rows, 1)
    ]


def viewed(node, hours, dwell_s=10):
    return "section_viewed", node, hours, {"sectionId": node, "phase": "awakening", "dwellTimeSeconds": dwell_s}


def completed(node, hours, **more):
    data = {"sectionId": node, "phase": "awakening", "totalDwellTimeSeconds": 200} | more
    return "section_completed", node, hours, data


def passed(hours, value, node="c1"):
    data = {**CHECKPOINT, "reflectionId": "", "timeSinceReached": 5, "passed": value, "score": 0.7}
    return "checkpoint_completed", node, hours, data


def submitted(reflection_id, hours, node="r1", **more):
    data = {"reflectionId": reflection_id, "checkpointId": "c1", "type": "text", "wordCount": 90,
            "timeSinceCheckpointReached": 60} | more  # fmt: skip
    return "reflection_submitted", node, hours, data


def analyzed(reflection_id, depth, source="rules"):
    data = {"reflectionId": reflection_id, "depthScore": depth, "isRegurgitation": False, "showsWrestling": True,
            "doctrinalSoundness": "sound", "recommendedAction": "", "source": source}  # fmt: skip
    return "reflection_analyzed", "r1", 9, data


def migrated(mapping, number=2):
    data = {"fromVersion": number - 1, "toVersion": number, "mapping": mapping, "reason": "new text"}
    return "graph_migrated", "", 50, data


def gated(node):
    return "content_gated", node, 1, {"contentType": "section", "contentId": node, "reason": "", "requirementsNeeded": ["x"]}


def test_enrollment_covenant_and_phase():
    state = replay(log(
        ("enrolled", "", 0, {"pathId": "ruach", "graphVersion": 3}),
        ("covenant_entered", "", 1, {"covenantType": "resource_explorer", "acknowledgedTerms": False}),
        ("covenant_entered", "", 2, {"covenantType": "formation_journey", "acknowledgedTerms": True}),
        ("phase_started", "", 3, {"phase": "awakening"}),
        ("phase_started", "", 200, {"phase": "separation", "previousPhase": "awakening"}),
    ))  # fmt: skip
    assert (state.path_id, state.graph_version, state.covenant) == ("ruach", 3, "formation_journey")
    assert state.covenant_at == START + timedelta(hours=2)
    assert (state.phase, state.phase_entered_at) == ("separation", START + timedelta(hours=200))
    assert state.phase_started["awakening"] == START + timedelta(hours=3)
    assert state.days_in_phase(START + timedelta(hours=200 + 71)) == 2


def test_a_late_arrival_finds_its_place():
    state = replay(log(viewed("s1", 5, 30), viewed("s1", 2, 12), viewed("s1", 4)))
    assert state.started["s1"] == START + timedelta(hours=2)
    assert state.touched["s1"] == state.last_activity == START + timedelta(hours=5)
    assert (state.section_views["s1"], state.dwell_s["s1"]) == (3, 30)


def test_a_day_is_the_members_own_and_stays():
    state = replay(log(
        ("enrolled", "", 0, {"pathId": "ruach", "graphVersion": 1, "utcOffsetMinutes": 180}),
        completed("s1", 0), completed("s2", 0, utcOffsetMinutes=-300),
    ))  # fmt: skip
    assert state.active_days["awakening"] == {date(2026, 3, 2), date(2026, 3, 1)}


def test_only_a_pass_passes():
    assert replay(log(passed(1, False))).checkpoint_failures == {"c1": 1}
    assert replay(log(passed(3, False), passed(1, False))).failed_attempts("c1") == (2, START + timedelta(hours=3))
    assert replay(log(passed(3, True))).failed_attempts("c1") == (0, None)
    assert evidence_of(replay(log(passed(1, False))), GRAPH).checkpoints_passed == frozenset()
    state = replay(log(passed(1, False), passed(2, True), passed(3, True)))
    assert state.checkpoints_passed == {"c1": START + timedelta(hours=2)}


@pytest.mark.parametrize(("said", "quality"), [
    ([("rules", 0.374)], 374), ([("rules", 0.6), ("llm", 0.2)], 600), ([("llm", 0.2), ("rules", 0.6)], 600),
    ([("rules", 0.6), ("operator", 0.1)], 100), ([("operator", 0.1), ("llm", 1)], 100),
    ([("operator", 0.1), ("operator", 0.9995)], 1000), ([("rules", 0)], 0),
])  # fmt: skip
def test_an_operator_corrects_and_otherwise_the_best_counts(said, quality):
    state = replay(log(submitted("a", 5), *(analyzed("a", depth, source) for source, depth in said)))
    evidence = evidence_of(state, GRAPH)
    assert evidence.reflection_quality == {"r1": quality}
    assert ("r1" in evidence.completed) == (quality > 0)


def test_the_best_of_several_submissions_counts_and_an_unassessed_one_not():
    state = replay(log(
        submitted("a", 5, phase="awakening"), submitted("b", 40, phase="awakening"), submitted("c", 90, phase="awakening"),
        analyzed("a", 0.3), analyzed("b", 0.5),
    ))  # fmt: skip
    evidence = evidence_of(state, GRAPH)
    assert evidence.reflection_quality == {"r1": 500}
    assert evidence.completed == {"r1": START + timedelta(hours=5)}
    assert evidence.active_days == {"awakening": {date(2026, 3, 2), date(2026, 3, 3)}}


def test_the_last_scored_submission_of_a_prompt_is_the_latest_assessed_one():
    state = replay(log(submitted("a", 5), submitted("b", 40), submitted("c", 90), submitted("d", 50, node="r2"),
                       analyzed("b", 0), analyzed("a", 0.5), analyzed("d", 0.5)))  # fmt: skip
    assert state.last_scored("r1") == START + timedelta(hours=40)
    assert state.last_scored("r3") is None


def test_cooldowns_survive_a_migration():
    state = replay(log(passed(1, False), passed(2, False), submitted("a", 5, node="ask"), analyzed("a", 0.4),
                       migrated({"c1": ["c2"], "ask": ["r1"]}), passed(7, False, "c2")))  # fmt: skip
    assert state.failed_attempts("c2") == (3, START + timedelta(hours=7))
    assert state.failed_attempts("c1") == (2, START + timedelta(hours=2))
    assert state.last_scored("r1") == state.last_scored("ask") == START + timedelta(hours=5)


def test_what_was_opened_is_never_locked_again():
    unlocked = ("content_unlocked", "s2", 2, {"contentType": "section", "contentId": "s2", "reason": ""})
    assert replay(log(gated("s2"))).gated == {"s2": ("x",)}
    state = replay(log(gated("s2"), unlocked, gated("s2")))
    assert (dict(state.gated), set(state.unlocked)) == ({}, {"s2"})


def test_an_unblock_survives_a_replay():
    data = {"nodeIds": ["s2", "ghost"], "requestedBy": "1", "confirmedBy": "2", "reason": "the node is missing"}
    state = replay(log(gated("s2"), ("unblocked", "", 3, data), gated("ghost")))
    assert (dict(state.gated), set(state.unlocked)) == ({}, {"s2", "ghost"})


def test_operators_and_machines_do_not_make_a_member_active():
    state = replay(log(viewed("s1", 1), gated("s2"), analyzed("a", 0.3), migrated({}), passed(2, True)))
    assert state.last_activity == START + timedelta(hours=2)


def test_a_migration_carries_facts_over_several_versions_and_keeps_the_old():
    state = replay(log(
        completed("old", 1), viewed("gone", 2), submitted("a", 5, node="ask"), analyzed("a", 0.4), passed(6, True),
        migrated({"old": ["mid", "old"], "ask": ["r1"], "c1": ["c2"]}), migrated({"mid": ["s1", "s2"]}, 3),
    ))  # fmt: skip
    assert state.graph_version == 3
    assert state.names_of("old") == ("old", "mid", "s1", "s2")
    evidence = evidence_of(state, GRAPH)
    assert {"old", "s1", "s2", "r1", "c2"} <= evidence.completed.keys()
    assert evidence.completed["s2"] == START + timedelta(hours=1)
    assert evidence.reflection_quality == {"ask": 400, "r1": 400}
    assert evidence.checkpoints_passed == {"c1", "c2"}
    assert evidence.started["gone"] == START + timedelta(hours=2)  # a node that no graph knows stays a fact


def test_a_circle_of_names_ends():
    state = replay(log(migrated({"a": ["b"]}), migrated({"b": ["a"]}, 3)))
    assert state.names_of("a") == ("a", "b")


def test_tags_are_last_seen_by_the_graph_of_today():
    evidence = evidence_of(replay(log(viewed("s1", 1), viewed("s2", 3), viewed("ghost", 9))), GRAPH)
    assert evidence.last_seen_by_tag == {"call": START + timedelta(hours=1), "grace": START + timedelta(hours=3)}
