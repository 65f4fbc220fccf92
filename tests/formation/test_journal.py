"""The journal takes the 17 types, whole and in range; control types only where they are asked for."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.journal import CONTROL_PAYLOADS, CONTROL_TYPES, EVENT_TYPES, PAYLOADS, JournalEvent, checked
from ruach_studio.kernel.errors import BadInput

VIEWED = JournalEvent(
    "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01", "7", "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b02", "section_viewed", "s1",
    datetime(2026, 3, 1, tzinfo=UTC), {"sectionId": "s1", "phase": "awakening", "dwellTimeSeconds": 12},
)  # fmt: skip
VALUES = {
    "covenantType": "formation_journey", "acknowledgedTerms": True, "phase": "awakening", "previousPhase": "awakening",
    "passed": True, "isRegurgitation": False, "showsWrestling": True, "type": "text", "depthScore": 0.374, "score": 1,
    "doctrinalSoundness": "sound", "source": "rules", "recommendationType": "revisit", "dimension": "pace",
    "gapType": "practical", "requirementsNeeded": ["a"], "subScores": {"feeling": 110}, "utcOffsetMinutes": -300,
    "nodeIds": ["a"], "mapping": {"a": ["b", "c"]}, "report": {"a": "split"}, "merges": [["c", "a", "b"]], "keptOpen": ["a"],
    "action": "replay",
    "pause_triggered.reason": "speed_run_detected", "pause_triggered.severity": "gate",
    "formation_gap_detected.severity": "minor",
}  # fmt: skip
COUNTS = (
    "daysInPhase checkpointsCompleted reflectionsSubmitted dwellTimeSeconds totalDwellTimeSeconds wordCount timeSinceReached"
    " timeSinceCheckpointReached graphVersion fromVersion toVersion"
)


def whole(event_type, fields=PAYLOADS):
    required, optional = fields[event_type]
    names = required | optional
    data = {n: VALUES.get(f"{event_type}.{n}", VALUES.get(n, 3 if n in COUNTS.split() else "words")) for n in names}
    return replace(VIEWED, event_type=event_type, data=data)


def test_there_are_exactly_seventeen_and_five_apart():
    assert len(EVENT_TYPES) == 17
    assert "checkpoint_passed" not in EVENT_TYPES  # the other list of an earlier system
    assert set(CONTROL_TYPES) == {"enrolled", "graph_migrated", "unblocked", "repaired", "voided"}
    assert not set(CONTROL_TYPES) & set(EVENT_TYPES)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_each_type_takes_its_payload_and_names_what_is_missing(event_type):
    event = whole(event_type)
    assert checked(event) is event
    one = sorted(PAYLOADS[event_type][0])[0]
    with pytest.raises(BadInput, match=f"lacks {one}"):
        checked(replace(event, data={k: v for k, v in event.data.items() if k != one}))


@pytest.mark.parametrize("event_type", CONTROL_TYPES)
def test_a_control_type_passes_only_where_it_is_asked_for(event_type):
    event = whole(event_type, CONTROL_PAYLOADS)
    assert checked(event, allow_control=True) is event
    with pytest.raises(BadInput, match="not one of the 17"):
        checked(event)


@pytest.mark.parametrize("phase", PHASES)
def test_the_phases_are_the_graphs(phase):
    assert checked(replace(VIEWED, data={**VIEWED.data, "phase": phase}))


@pytest.mark.parametrize(("event_type", "field", "value"), [
    ("reflection_analyzed", "depthScore", 7.3), ("reflection_analyzed", "depthScore", float("nan")),
    ("reflection_analyzed", "isRegurgitation", 1), ("section_viewed", "phase", "alignment"),
    ("section_viewed", "dwellTimeSeconds", -1), ("section_viewed", "dwellTimeSeconds", True),
    ("content_gated", "requirementsNeeded", "x"), ("pause_triggered", "severity", "minor"),
    ("formation_gap_detected", "severity", "gate"), ("section_completed", "utcOffsetMinutes", 900),
    ("canon_axiom_cited", "citationContext", "x" * 4001),
])  # fmt: skip
def test_a_value_out_of_range_is_named(event_type, field, value):
    event = whole(event_type)
    with pytest.raises(BadInput, match=f"{field} of {event_type}"):
        checked(replace(event, data={**event.data, field: value}))


def test_an_unknown_field_is_named():
    with pytest.raises(BadInput, match="unknown mood"):
        checked(replace(VIEWED, data={**VIEWED.data, "mood": 1}))


@pytest.mark.parametrize("allow_control", [False, True])
def test_an_unknown_type_is_refused(allow_control):
    with pytest.raises(BadInput, match="sabbath_observed"):
        checked(replace(VIEWED, event_type="sabbath_observed"), allow_control=allow_control)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(BadInput, match="no zone"):
        checked(replace(VIEWED, occurred_at=datetime(2026, 3, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("merges", ["ab", [["alone"]], [["c", 1]], {"c": ["a"]}])
def test_a_merge_names_a_node_and_its_parts(merges):
    event = whole("graph_migrated", CONTROL_PAYLOADS)
    with pytest.raises(BadInput, match="merges"):
        checked(replace(event, data={**event.data, "merges": merges}), allow_control=True)
