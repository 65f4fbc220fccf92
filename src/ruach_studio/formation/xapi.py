"""Turn a journal event into an xAPI statement, or into None where it tells nothing that a learning record store is for.

What is sent is listed here word by word, so that nothing else can be: ids, times, durations, counts, scores. A reflection's
text, what is doubted in it, citations and reasons are never read. The actor is an account: our address and an opaque id. The
statement's id is the UUIDv5 of "enrollment:version", so that sending again is harmless; `registration` is the enrollment,
which survives a migration; the graph version in force stands in `grouping`. Times are UTC with milliseconds.

    enrolled              registered         the path
    phase_started         start              the phase
    phase_completed       completed          the phase, days as duration
    section_viewed        viewed             the section, dwell as duration
    section_completed     completed          the section, dwell as duration
    checkpoint_completed  passed / failed    the checkpoint, score
    reflection_submitted  submit             the reflection (its number of words, never a word of it)
    reflection_analyzed   scored             the reflection, score
    content_unlocked      unlocked           the content
    voided                voided             the statement of the voided event; a void of a void tells it again

Follows xAPI 1.0.3 (and 2.0.0, which changes none of it): https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md
Counterpart: store/statements.py keeps how far each record store has come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.kernel.hashing import uuid5

Json = dict[str, object]
# event id -> (version, event), for the events that a `voided` one reaches back to
Earlier = Mapping[str, tuple[int, JournalEvent]]

_ADL = "http://adlnet.gov/expapi/verbs/"
_TINCAN = "http://id.tincanapi.com/verb/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"
_TYPES = "http://adlnet.gov/expapi/activities/"
_ESSAY = "http://id.tincanapi.com/activitytype/essay"
PROFILE = "urn:ruach:xapi:profile:formation-v1"
JOURNAL_VERSION = "urn:ruach:xapi:extension:journal-version"
WORD_COUNT = "urn:ruach:xapi:extension:word-count"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: the path, and the graph version that was in force for it."""

    path_id: str
    graph_version: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What one type of event says: verb (id, word), object, result, and the activity that it is a part of."""

    verb: tuple[str, str]
    thing: Json
    result: Json | None = None
    parent: Json | None = None


def statement_id(enrollment_id: str, version: int) -> str:
    """Return the id of the statement about the event of that version; the same for ever."""
    return uuid5(f"{enrollment_id}:{version}")


def statement(
    event: JournalEvent, version: int, place: Place, home_page: str, earlier: Earlier | None = None
) -> Json | None:
    """Return the statement about a checked event, or None. A `voided` event needs what it takes back in `earlier`."""
    said, taken_back = _meaning(event, version, earlier or {})
    if said is None:
        return None
    if taken_back is not None:
        actor = _actor(home_page, str(event.data["requestedBy"]))
        made = _frame(event, version, place, home_page, (f"{_ADL}voided", "voided"), actor)
        made["object"] = {"objectType": "StatementRef", "id": statement_id(event.enrollment_id, taken_back)}
        return made
    told = _READERS[said.event_type](said.data, _Ids(home_page, place.path_id))
    made = _frame(said, version, place, home_page, told.verb, _actor(home_page, said.user_id), told.parent)
    made["object"] = {"objectType": "Activity", **told.thing}
    return made if told.result is None else {**made, "result": told.result}


def _meaning(event: JournalEvent, version: int, earlier: Earlier) -> tuple[JournalEvent | None, int | None]:
    """Return (the event that is told of, the version whose statement is taken back; None: it is told).

    A void of a void tells the voided event again under its own id, since a voiding statement cannot be voided.
    """
    if event.event_type != "voided":
        return (event if event.event_type in _READERS else None), None
    target_version, target = earlier.get(str(event.data["eventId"]), (version, event))
    if target_version >= version:
        return None, None
    said, taken_back = _meaning(target, target_version, earlier)
    return said, target_version if said is not None and taken_back is None else None


@dataclass(frozen=True, slots=True)
class _Ids:
    """Makes the ids of activities: addresses below our own, every name percent-encoded."""

    home_page: str
    path_id: str

    def path(self) -> Json:
        return _activity(f"{self.home_page}/formation/paths/{_segment(self.path_id)}", f"{_TYPES}course")

    def phase(self, name: object) -> Json:
        return _activity(f"{self.path()['id']}/phases/{_segment(name)}", f"{_TYPES}module")

    def node(self, name: object, kind: str | None = None) -> Json:
        return _activity(f"{self.path()['id']}/nodes/{_segment(name)}", kind)

    def reflection(self, name: object) -> Json:
        return _activity(f"{self.home_page}/formation/reflections/{_segment(name)}", _ESSAY)


def _enrolled(data: Mapping[str, object], ids: _Ids) -> _Told:
    return _Told((f"{_ADL}registered", "registered"), ids.path())


def _phase_started(data: Mapping[str, object], ids: _Ids) -> _Told:
    return _Told((f"{_STREAMS}start", "started"), ids.phase(data["phase"]))


def _phase_completed(data: Mapping[str, object], ids: _Ids) -> _Told:
    result: Json = {"completion": True, "duration": f"P{data['daysInPhase']}D"}
    return _Told((f"{_ADL}completed", "completed"), ids.phase(data["phase"]), result)


def _section_viewed(data: Mapping[str, object], ids: _Ids) -> _Told:
    result: Json = {"duration": f"PT{data['dwellTimeSeconds']}S"}
    section = ids.node(data["sectionId"], f"{_TYPES}lesson")
    return _Told((f"{_TINCAN}viewed", "viewed"), section, result, ids.phase(data["phase"]))


def _section_completed(data: Mapping[str, object], ids: _Ids) -> _Told:
    result: Json = {"completion": True, "duration": f"PT{data['totalDwellTimeSeconds']}S"}
    section = ids.node(data["sectionId"], f"{_TYPES}lesson")
    return _Told((f"{_ADL}completed", "completed"), section, result, ids.phase(data["phase"]))


def _checkpoint_completed(data: Mapping[str, object], ids: _Ids) -> _Told:
    verb = "passed" if data["passed"] else "failed"
    result: Json = {"success": data["passed"], "completion": True, "score": {"scaled": data["score"]}}
    checkpoint = ids.node(data["checkpointId"], f"{_TYPES}assessment")
    return _Told((f"{_ADL}{verb}", verb), checkpoint, result, ids.phase(data["phase"]))


def _reflection_submitted(data: Mapping[str, object], ids: _Ids) -> _Told:
    result: Json = {"extensions": {WORD_COUNT: data["wordCount"]}}
    return _Told(
        (f"{_STREAMS}submit", "submitted"), ids.reflection(data["reflectionId"]), result, ids.node(data["checkpointId"])
    )


def _reflection_analyzed(data: Mapping[str, object], ids: _Ids) -> _Told:
    result: Json = {"score": {"scaled": data["depthScore"]}}
    return _Told((f"{_ADL}scored", "scored"), ids.reflection(data["reflectionId"]), result)


def _content_unlocked(data: Mapping[str, object], ids: _Ids) -> _Told:
    return _Told((f"{_TINCAN}unlocked", "unlocked"), ids.node(data["contentId"]))


_READERS: Mapping[str, Callable[[Mapping[str, object], _Ids], _Told]] = {
    "enrolled": _enrolled,
    "phase_started": _phase_started,
    "phase_completed": _phase_completed,
    "section_viewed": _section_viewed,
    "section_completed": _section_completed,
    "checkpoint_completed": _checkpoint_completed,
    "reflection_submitted": _reflection_submitted,
    "reflection_analyzed": _reflection_analyzed,
    "content_unlocked": _content_unlocked,
}
TOLD_TYPES = frozenset(_READERS)  # the event types that become statements of their own


def _frame(
    event: JournalEvent, version: int, place: Place, home_page: str, verb: tuple[str, str], actor: Json,
    parent: Json | None = None,
) -> Json:  # fmt: skip
    graph = f"{_Ids(home_page, place.path_id).path()['id']}/versions/{place.graph_version}"
    activities: Json = {
        "grouping": [_activity(graph, f"{_TYPES}course")],
        "category": [_activity(PROFILE, f"{_TYPES}profile")],
    }
    if parent is not None:
        activities["parent"] = [parent]
    return {
        "id": statement_id(event.enrollment_id, version),
        "actor": actor,
        "verb": {"id": verb[0], "display": {"en": verb[1]}},
        "context": {
            "registration": event.enrollment_id,
            "contextActivities": activities,
            "extensions": {JOURNAL_VERSION: version},
        },
        "timestamp": _time(event.occurred_at),
    }


def _actor(home_page: str, name: str) -> Json:
    return {"objectType": "Agent", "account": {"homePage": home_page, "name": name}}


def _activity(activity_id: str, kind: str | None = None) -> Json:
    return {"id": activity_id} if kind is None else {"id": activity_id, "definition": {"type": kind}}


def _segment(name: object) -> str:
    return quote(str(name), safe="-._~")


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
