"""The same journal gives the same state: twice, in pieces, from a snapshot, with voids, and as of any date."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.graph import PHASES, Graph, Node
from ruach_studio.formation.impact_rows import row_of_evidence, row_of_facts
from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.state import (
    FormationState,
    NeedsWholeJournal,
    OtherReducer,
    OutOfOrder,
    Stretch,
    apply,
    digest,
    evidence_of,
    from_snapshot,
    replay,
    replay_rows,
    to_snapshot,
)
from ruach_studio.formation.state_snapshot import to_us

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NODES = ("s1", "s2", "c1", "ghost")


def payloads(number, node, phase, flag):
    """One payload of every type, as the door takes it."""
    reflection = f"r{number % 5}"
    return {
        "covenant_entered": {"covenantType": "formation_journey", "acknowledgedTerms": flag},
        "phase_started": {"phase": phase},
        "phase_completed": {"phase": phase, "daysInPhase": 8, "checkpointsCompleted": 3, "reflectionsSubmitted": 3},
        "section_viewed": {"sectionId": node, "phase": phase, "dwellTimeSeconds": number},
        "section_completed": {"sectionId": node, "phase": phase, "totalDwellTimeSeconds": 200, "utcOffsetMinutes": -300},
        "checkpoint_reached": {"checkpointId": node, "sectionId": "s1", "phase": phase},
        "checkpoint_completed": {"checkpointId": node, "sectionId": "s1", "phase": phase, "reflectionId": reflection,
                                 "timeSinceReached": 9, "passed": flag, "score": 0.8},
        "reflection_submitted": {"reflectionId": reflection, "checkpointId": "c1", "type": "text", "wordCount": 120,
                                 "timeSinceCheckpointReached": 60},
        "reflection_analyzed": {"reflectionId": reflection, "depthScore": number % 11 / 10, "isRegurgitation": False,
                                "showsWrestling": flag, "doctrinalSoundness": "sound", "recommendedAction": "",
                                "source": ("rules", "llm")[number % 2]},
        "canon_definition_viewed": {"axiomId": f"a{number % 3}", "term": "grace"},
        "canon_axiom_cited": {"axiomId": f"a{number % 3}", "citationContext": ""},
        "pause_triggered": {"reason": "missing_reflections", "context": "", "severity": "warning"},
        "recommendation_issued": {"recommendationType": "pause", "reason": ""},
        "content_unlocked": {"contentType": "section", "contentId": node, "reason": ""},
        "content_gated": {"contentType": "section", "contentId": node, "reason": "", "requirementsNeeded": ["x"]},
        "readiness_level_changed": {"dimension": "pace", "previousLevel": "a", "newLevel": f"l{number}", "reason": ""},
        "formation_gap_detected": {"gapType": "practical", "area": "prayer", "severity": "minor", "recommendation": ""},
        "enrolled": {"pathId": "ruach", "graphVersion": 1, "utcOffsetMinutes": 120},
        "graph_migrated": {"fromVersion": 1, "toVersion": 2, "mapping": {node: ["s9", "s8"], "s9": ["s10"]}, "reason": "",
                           "merges": [["s11", node, "s2"]], "keptOpen": [node]},
        "unblocked": {"nodeIds": [node], "requestedBy": "1", "confirmedBy": "2", "reason": ""},
        "repaired": {"action": "replay", "requestedBy": "1", "reason": ""},
        "voided": {"eventId": f"e{max(1, number * 7 // 10)}", "requestedBy": "1", "reason": ""},
    }  # fmt: skip


TYPES = tuple(payloads(1, "s1", "awakening", True))


def event(number, kind, *, node="s1", phase="awakening", flag=True, hours=None, **data):
    payload = payloads(number, node, phase, flag)[kind] | data
    at = START + timedelta(hours=number if hours is None else hours)
    made = JournalEvent(f"e{number}", "7", "n1", kind, "" if kind == "voided" else node, at, payload)
    return number, checked(made, allow_control=True)


@st.composite
def journals(draw, kinds=TYPES):
    rows = draw(st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(NODES), st.sampled_from(PHASES), st.booleans(),
                                   st.integers(0, 600)), max_size=40))  # fmt: skip
    return [event(n, kind, node=node, phase=phase, flag=flag, hours=hours)
            for n, (kind, node, phase, flag, hours) in enumerate(rows, 1)]  # fmt: skip


def stored(state):
    return from_snapshot(json.loads(json.dumps(to_snapshot(state))))


def follow(log, start, until, as_of=None):
    """What a caller does: the events after the state at hand, or the whole journal where the state cannot be gone behind."""
    try:
        return replay(log[start.journal_version : until], start=start, as_of=as_of)
    except NeedsWholeJournal:
        return replay(log[:until], as_of=as_of)


@settings(max_examples=100, deadline=None)
@given(journals(), st.lists(st.integers(0, 40), max_size=6), st.integers(0, 600))
def test_whole_in_pieces_one_by_one_and_from_snapshots_are_one_state(log, cuts, hour):
    whole = replay(log)
    pieces = single = FormationState()
    for cut in sorted({min(cut, len(log)) for cut in cuts} | {len(log)}):
        pieces = stored(follow(log, pieces, cut))
    for number in range(1, len(log) + 1):
        single = follow(log, single, number)
    assert whole == pieces == single == stored(whole)
    assert digest(whole) == digest(replay(iter(log))) == digest(pieces) == digest(single) == digest(stored(whole))
    assert whole.latest_event_at == pieces.latest_event_at == max((each.occurred_at for _, each in log), default=None)
    as_of = START + timedelta(hours=hour)
    asked = replay(log, as_of=as_of)
    assert asked == replay([pair for pair in log if pair[1].occurred_at <= as_of])
    cut = min([*cuts, len(log)])
    assert asked == follow(log, stored(replay(log[:cut])), len(log), as_of)


def rows_of(log, after=0):
    return Stretch("n1", "7", after, [(e.event_type, e.content_id, to_us(e.occurred_at), e.data) for _, e in log])


@settings(max_examples=100, deadline=None)
@given(journals(), st.integers(0, 40), st.integers(0, 600))
def test_rows_give_what_their_events_give_or_ask_for_them(log, cut, hour):
    voids = any(each.event_type == "voided" for _, each in log)
    cut, as_of = min(cut, len(log)), START + timedelta(hours=hour)
    if not voids:
        assert replay_rows(rows_of(log)) == replay(log)
        assert replay_rows(rows_of(log[cut:], cut), start=stored(replay(log[:cut]))) == replay(log)
        assert replay_rows(rows_of(log), as_of=as_of) == replay(log, as_of=as_of)
    else:
        with pytest.raises(NeedsWholeJournal):
            replay_rows(rows_of(log))
    if 0 < cut < len(log):
        with pytest.raises(OutOfOrder):
            replay_rows(rows_of(log[cut:], cut))


@settings(max_examples=100, deadline=None)
@given(journals(tuple(t for t in TYPES if t != "voided")), st.data())
def test_a_voided_event_leaves_no_trace_and_a_voided_void_none_either(log, data):
    if not log:
        return
    victim, cut = data.draw(st.integers(1, len(log))), data.draw(st.integers(0, len(log)))
    void = event(len(log) + 1, "voided", eventId=f"e{victim}")
    undo = event(len(log) + 2, "voided", eventId=void[1].event_id)
    without = replay([pair for pair in log if pair[0] != victim] + [event(len(log) + 1, "recommendation_issued")])
    assert digest(replay([*log, void])) == digest(without)
    again = replay([*log, event(len(log) + 1, "recommendation_issued"), event(len(log) + 2, "recommendation_issued")])
    assert digest(replay([*log, void, undo])) == digest(again)
    start = replay(log[:cut])
    if victim > cut:
        assert digest(replay([*log[cut:], void], start=start)) == digest(without)
    else:
        with pytest.raises(NeedsWholeJournal, match=f"voids e{victim}"):
            replay([*log[cut:], void], start=start)


def test_a_void_of_what_comes_later_takes_nothing_out_and_the_latest_void_counts():
    early, victim = event(1, "voided", eventId="e2"), event(2, "section_completed")
    assert set(replay([early, victim]).sections_completed) == {"s1"}
    assert not replay([early, victim, event(3, "voided", eventId="e2")]).sections_completed
    assert set(replay([early, victim, event(3, "voided", eventId="e2"), event(4, "voided", eventId="e3")]).touched) == {"s1"}


def test_a_day_before_the_state_at_hand_needs_the_whole_journal():
    late, log = (
        event(1, "section_viewed", hours=50),
        [event(1, "section_viewed", hours=50), event(2, "section_viewed", hours=9)],
    )
    state = stored(replay(log))
    assert replay([], start=state, as_of=late[1].occurred_at) == state
    with pytest.raises(NeedsWholeJournal):
        replay([], start=state, as_of=late[1].occurred_at - timedelta(microseconds=1))


def test_a_snapshot_does_not_grow_with_the_journal():
    few, many = ([event(n, "section_viewed", hours=n) for n in range(1, count)] for count in (10, 1000))
    assert len(json.dumps(to_snapshot(replay(many)))) - len(json.dumps(to_snapshot(replay(few)))) < 20


@settings(max_examples=100, deadline=None)
@given(journals(tuple(t for t in TYPES if t != "voided")))
def test_evidence_only_grows_by_living_on(log):
    graph, before = Graph(1, ()), evidence_of(FormationState(), Graph(1, ()))
    state = FormationState()
    for version, each in log:
        state = apply(state, version, each)
        now = evidence_of(state, graph)
        assert before.completed.keys() <= now.completed.keys()
        assert before.checkpoints_passed <= now.checkpoints_passed
        assert before.unlocked <= now.unlocked
        assert all(now.reflection_quality[n] >= q for n, q in before.reflection_quality.items())
        assert all(before.active_days[p] <= now.active_days[p] for p in before.active_days)
        before = now


def test_the_digest_is_pinned():
    log = [event(n, kind) for n, kind in enumerate(TYPES, 1)]
    assert digest(replay(log)) == "b77ba62354b5d2e3e1ee5b82b024305523ddce29c2d8a5ee28c160945c572d16"


def test_the_zone_of_the_reader_changes_nothing():
    kinds = ("section_completed", "reflection_submitted")
    here = [event(n, kind) for n, kind in enumerate(kinds, 1)]
    zone = timezone(timedelta(hours=9))
    there = [(n, JournalEvent(e.event_id, "7", "n1", e.event_type, "s1", e.occurred_at.astimezone(zone), e.data))
             for n, e in here]  # fmt: skip
    assert digest(replay(there)) == digest(replay(here))


def test_a_state_is_not_changed_by_what_follows():
    before = replay([event(1, "section_completed")])
    known = digest(before)
    apply(before, *event(2, "section_completed", node="s2", phase="separation"))
    assert digest(before) == known


@pytest.mark.parametrize("follower", [
    event(1, "section_viewed"),
    (2, JournalEvent("e2", "7", "another", "section_viewed", "s1", START, payloads(1, "s1", "awakening", True))),
    (2, JournalEvent("e2", "7", "n1", "sabbath_observed", "s1", START, {})),
])  # fmt: skip
def test_what_does_not_follow_on_is_refused(follower):
    state = replay([event(1, "section_viewed")])
    with pytest.raises(OutOfOrder):
        apply(state, *follower)


def test_a_snapshot_of_other_rules_is_refused():
    with pytest.raises(OtherReducer, match="formation-state-v0"):
        from_snapshot(to_snapshot(FormationState()) | {"reducerVersion": "formation-state-v0"})


WALKED = ("phase_started", "section_completed", "checkpoint_completed", "reflection_submitted", "reflection_analyzed",
          "section_viewed", "content_unlocked")  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(journals(WALKED))
def test_the_row_that_an_impact_reads_is_the_evidence(log):
    graph = Graph(1, (Node("s1", 1, "awakening", "section", "", ""), Node("c1", 2, "awakening", "checkpoint", "", "")))
    for pinned in (graph, Graph(1, (replace(graph.nodes[1], kind="reflection"),)), Graph(1, ())):
        state = replay(log)
        plain = row_of_facts(to_snapshot(state)["facts"], pinned, PHASES)
        known = row_of_evidence(evidence_of(state, pinned), PHASES)
        assert (dict(plain.done), dict(plain.quality), dict(plain.days)) == (known.done, known.quality, known.days)
        assert dict(plain.phase_started) == known.phase_started
        assert [set(each) for each in (plain.passed, plain.started, plain.unlocked)] == [
            set(each) for each in (known.passed, known.started, known.unlocked)
        ]
