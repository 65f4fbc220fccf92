"""Each statement is what the specification asks for, the same when made again, and holds no word of a member."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.journal import CONTROL_PAYLOADS, PAYLOADS, JournalEvent, checked
from ruach_studio.formation.xapi import TOLD_TYPES, Place, statement, statement_id
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import RUACH_NAMESPACE
from ruach_studio.testing.lrs import fault

HOME, ENROLLMENT, USER = (
    "https://studio.example",
    "0b3f2a52-0c3b-4a53-9d1c-0f3f6f0d6b01",
    "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01",
)
AT = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
PLACE = Place("ruach", 3)
SECRET = "my-secret-doubt"


def event(event_type, content="s1", event_id="0a000000-0000-4000-8000-000000000001", **data):
    return JournalEvent(event_id, USER, ENROLLMENT, event_type, content, AT, data)


VIEWED = event("section_viewed", sectionId="s1", phase="awakening", dwellTimeSeconds=65)


def test_a_statement_whole():
    path = f"{HOME}/formation/paths/ruach"
    assert statement(VIEWED, 7, PLACE, HOME) == {
        "id": str(uuid5(UUID(RUACH_NAMESPACE), f"{ENROLLMENT}:7")),
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": USER}},
        "verb": {"id": "http://id.tincanapi.com/verb/viewed", "display": {"en": "viewed"}},
        "object": {
            "objectType": "Activity", "id": f"{path}/nodes/s1",
            "definition": {"type": "http://adlnet.gov/expapi/activities/lesson"},
        },
        "result": {"duration": "PT65S"},
        "context": {
            "registration": ENROLLMENT,
            "contextActivities": {
                "grouping": [{"id": f"{path}/versions/3", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}],
                "category": [{"id": "urn:ruach:xapi:profile:formation-v1",
                              "definition": {"type": "http://adlnet.gov/expapi/activities/profile"}}],
                "parent": [{"id": f"{path}/phases/awakening",
                            "definition": {"type": "http://adlnet.gov/expapi/activities/module"}}],
            },
            "extensions": {"urn:ruach:xapi:extension:journal-version": 7},
        },
        "timestamp": "2026-03-02T09:00:00.123Z",
    }  # fmt: skip


CHECKPOINT = {"checkpointId": "c1", "sectionId": "s1", "phase": "awakening", "reflectionId": "r", "timeSinceReached": 5}
SUBMITTED = {"reflectionId": "r", "checkpointId": "c1", "type": "text", "wordCount": 80, "timeSinceCheckpointReached": 5}
ANALYZED = {"reflectionId": "r", "depthScore": 0.64, "isRegurgitation": False, "showsWrestling": True,
            "doctrinalSoundness": "concerning", "recommendedAction": SECRET, "model": SECRET}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "verb", "thing", "result"),
    [
        (event("enrolled", pathId="ruach", graphVersion=1), "http://adlnet.gov/expapi/verbs/registered", "/paths/ruach",
         None),
        (event("phase_started", phase="awakening"), "http://activitystrea.ms/schema/1.0/start",
         "/paths/ruach/phases/awakening", None),
        (event("phase_completed", phase="awakening", daysInPhase=9, checkpointsCompleted=1, reflectionsSubmitted=1),
         "http://adlnet.gov/expapi/verbs/completed", "/paths/ruach/phases/awakening",
         {"completion": True, "duration": "P9D"}),
        (event("section_completed", sectionId="s1", phase="awakening", totalDwellTimeSeconds=200),
         "http://adlnet.gov/expapi/verbs/completed", "/paths/ruach/nodes/s1", {"completion": True, "duration": "PT200S"}),
        (event("checkpoint_completed", **CHECKPOINT, passed=True, score=0.8), "http://adlnet.gov/expapi/verbs/passed",
         "/paths/ruach/nodes/c1", {"success": True, "completion": True, "score": {"scaled": 0.8}}),
        (event("checkpoint_completed", **CHECKPOINT, passed=False, score=0.1), "http://adlnet.gov/expapi/verbs/failed",
         "/paths/ruach/nodes/c1", {"success": False, "completion": True, "score": {"scaled": 0.1}}),
        (event("reflection_submitted", **SUBMITTED), "http://activitystrea.ms/schema/1.0/submit", "/reflections/r",
         {"extensions": {"urn:ruach:xapi:extension:word-count": 80}}),
        (event("reflection_analyzed", **ANALYZED), "http://adlnet.gov/expapi/verbs/scored", "/reflections/r",
         {"score": {"scaled": 0.64}}),
        (event("content_unlocked", contentType="section", contentId="s 2/é", reason=SECRET),
         "http://id.tincanapi.com/verb/unlocked", "/paths/ruach/nodes/s%202%2F%C3%A9", None),
    ],
)  # fmt: skip
def test_the_verbs_and_what_they_carry(told, verb, thing, result):
    made = statement(checked(told, allow_control=True), 2, PLACE, HOME)
    assert (made["verb"]["id"], made["object"]["id"]) == (verb, f"{HOME}/formation{thing}")
    assert made.get("result") == result
    assert fault(made) is None


def test_a_reflection_is_a_part_of_its_step_and_what_was_doubted_in_it_is_not_sent():
    made = statement(event("reflection_submitted", **SUBMITTED), 2, PLACE, HOME)
    assert made["context"]["contextActivities"]["parent"] == [{"id": f"{HOME}/formation/paths/ruach/nodes/c1"}]
    assert "concerning" not in json.dumps(statement(event("reflection_analyzed", **ANALYZED), 2, PLACE, HOME))


def test_most_of_what_the_system_says_is_no_experience():
    assert {
        "enrolled", "phase_started", "phase_completed", "section_viewed", "section_completed", "checkpoint_completed",
        "reflection_submitted", "reflection_analyzed", "content_unlocked",
    } == TOLD_TYPES  # fmt: skip
    assert statement(event("content_gated", contentType="section", contentId="s2", reason="x", requirementsNeeded=[]),
                     2, PLACE, HOME) is None  # fmt: skip


def void(number, of):
    return event("voided", of, f"0a000000-0000-4000-8000-00000000000{number}", eventId=of, requestedBy="session:boss",
                 reason=SECRET)  # fmt: skip


def test_a_void_takes_the_statement_back_and_a_void_of_it_tells_it_again():
    one = replace(VIEWED, event_id="0a000000-0000-4000-8000-000000000001")
    two, three, four = void(2, one.event_id), void(3, void(2, one.event_id).event_id), void(4, void(3, "").event_id)
    earlier = {each.event_id: (number, each) for number, each in enumerate((one, two, three), 1)}
    back = statement(two, 2, PLACE, HOME, earlier)
    assert back["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided"
    assert back["object"] == {"objectType": "StatementRef", "id": statement_id(ENROLLMENT, 1)}
    assert (back["actor"]["account"]["name"], fault(back)) == ("session:boss", None)
    again, first = statement(three, 3, PLACE, HOME, earlier), statement(one, 1, PLACE, HOME)
    assert again["id"] == statement_id(ENROLLMENT, 3)
    assert {name: again[name] for name in ("actor", "verb", "object", "result", "timestamp")} == {
        name: first[name] for name in ("actor", "verb", "object", "result", "timestamp")
    }
    assert statement(four, 4, PLACE, HOME, earlier)["object"]["id"] == statement_id(ENROLLMENT, 3)
    assert statement(two, 2, PLACE, HOME) is None  # what it takes back is unknown
    silent = event("content_gated", "s2", contentType="section", contentId="s2", reason="x", requirementsNeeded=[])
    assert statement(two, 2, PLACE, HOME, {one.event_id: (1, silent)}) is None  # nothing was said


VALUES = {
    "phase": st.sampled_from(["awakening", "stewardship"]), "previousPhase": st.just("awakening"), "passed": st.booleans(),
    "covenantType": st.just("formation_journey"), "type": st.just("text"), "doctrinalSoundness": st.just("unclear"),
    "source": st.just("rules"), "severity": st.just("warning"), "recommendationType": st.just("pause"),
    "dimension": st.just("pace"), "gapType": st.just("practical"), "action": st.just("replay"),
    "depthScore": st.floats(0, 1), "score": st.floats(0, 1), "utcOffsetMinutes": st.integers(-840, 840),
    "requirementsNeeded": st.just([SECRET]), "nodeIds": st.just([SECRET]), "mapping": st.just({SECRET: [SECRET]}),
    "report": st.just({SECRET: SECRET}), "subScores": st.just({SECRET: 1}), "acknowledgedTerms": st.booleans(),
    "isRegurgitation": st.booleans(), "showsWrestling": st.booleans(),
}  # fmt: skip
COUNTS = {"daysInPhase", "checkpointsCompleted", "reflectionsSubmitted", "dwellTimeSeconds", "totalDwellTimeSeconds",
          "timeSinceReached", "wordCount", "timeSinceCheckpointReached", "graphVersion", "fromVersion",
          "toVersion"}  # fmt: skip
IDS = {"sectionId", "checkpointId", "reflectionId", "contentId", "pathId", "eventId", "requestedBy", "confirmedBy"}
REASONS = {"pause_triggered": "surface_engagement"}


@st.composite
def events(draw):
    """Any event that the journal takes; every free text in it is the secret."""
    kinds = {**PAYLOADS, **CONTROL_PAYLOADS}
    event_type = draw(st.sampled_from(sorted(kinds)))
    required, optional = kinds[event_type]
    data = {}
    for name in sorted(required | set(draw(st.lists(st.sampled_from(sorted(optional or {"x"})))) if optional else required)):
        if name == "severity":
            data[name] = "moderate" if event_type == "formation_gap_detected" else "warning"
        elif name in COUNTS:
            data[name] = draw(st.integers(0, 10**9))
        elif name in IDS:
            data[name] = draw(st.text('abé/ %#?<>"', min_size=1, max_size=8))
        else:
            data[name] = draw(VALUES.get(name, st.just(REASONS.get(event_type, SECRET))))
    return fitting(event_type, data)


SHAPES = ([SECRET], {SECRET: SECRET}, {SECRET: [SECRET]}, True, 1)


def fitting(event_type, data):
    """Return the event; a field that takes no text takes the first shape that fits, and is left out if none does."""
    left = {name: list(SHAPES) for name in data}
    while True:
        try:
            return checked(event(event_type, **data), allow_control=True)
        except BadInput as error:
            name = error.subject.removeprefix("data.")
            if left[name]:
                data[name] = left[name].pop(0)
            else:
                del data[name]


@given(events(), st.integers(1, 10**6))
@settings(max_examples=100, deadline=None)
def test_no_statement_holds_a_free_text_and_each_is_valid_and_the_same_again(told, version):
    made = statement(told, version, PLACE, HOME)
    if made is None:
        return
    text = json.dumps(made, allow_nan=False)
    assert SECRET not in text
    assert fault(made) is None
    assert text == json.dumps(statement(told, version, PLACE, HOME))
    assert made["id"] != statement_id(ENROLLMENT, version + 1)


def test_times_are_utc_with_milliseconds():
    at = replace(VIEWED, occurred_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert statement(at, 1, PLACE, HOME)["timestamp"] == "2026-03-02T09:00:00.000Z"
