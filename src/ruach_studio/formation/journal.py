"""Turn what a member did into one checked, immutable journal event.

The journal holds the 17 event types of the specification (decision F1). Each has a payload whose fields and the values
they may hold are listed here; anything missing, unknown or out of range is refused at the door, so that a replay never
meets a half event (a depth score is 0 to 1: an earlier system took 0 to 10 as well). Five control types stand in the same
journal, or a replay would erase what operators did, but apart from the 17: who takes them says so. `content_id` of the
event is the node it is about. Counterparts: state.py reduces the events; store/journal.py appends and reads them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ruach_studio.kernel.errors import BadInput

Fields = Mapping[str, tuple[frozenset[str], frozenset[str]]]


def _fields(*rows: tuple[str, str, str]) -> Fields:
    """Return type -> (required fields, optional fields); the wire names are the specification's."""
    return {name: (frozenset(required.split()), frozenset(optional.split())) for name, required, optional in rows}


# utcOffsetMinutes is the member's zone at the moment of the event: a day once lived does not move when the zone does.
PAYLOADS: Fields = _fields(
    ("covenant_entered", "covenantType acknowledgedTerms", ""),
    ("phase_started", "phase", "previousPhase"),
    ("phase_completed", "phase daysInPhase checkpointsCompleted reflectionsSubmitted", ""),
    ("section_viewed", "sectionId phase dwellTimeSeconds", ""),
    ("section_completed", "sectionId phase totalDwellTimeSeconds", "utcOffsetMinutes"),
    ("checkpoint_reached", "checkpointId sectionId phase", ""),
    ("checkpoint_completed", "checkpointId sectionId phase reflectionId timeSinceReached passed score", "utcOffsetMinutes"),
    ("reflection_submitted", "reflectionId checkpointId type wordCount timeSinceCheckpointReached",
     "textSha256 phase utcOffsetMinutes"),
    ("reflection_analyzed",
     "reflectionId depthScore isRegurgitation showsWrestling doctrinalSoundness recommendedAction",
     "source model promptSha256 textSha256 rubricVersion provider rawResponseSha256 subScores"),
    ("canon_definition_viewed", "axiomId term", "context"),
    ("canon_axiom_cited", "axiomId citationContext", ""),
    ("pause_triggered", "reason context severity", ""),
    ("recommendation_issued", "recommendationType reason", "targetId"),
    ("content_unlocked", "contentType contentId reason", ""),
    ("content_gated", "contentType contentId reason requirementsNeeded", ""),
    ("readiness_level_changed", "dimension previousLevel newLevel reason", ""),
    ("formation_gap_detected", "gapType area severity recommendation", ""),
)  # fmt: skip

# graph_migrated.mapping is resolved: old node id -> the node ids of the new version that now hold its facts, [] = history;
# what is unmappable is not in it. merges: rows of a new node and its parts, all of which it needs; keptOpen: nodes that were
# open and that the new version would shut.
CONTROL_PAYLOADS: Fields = _fields(
    ("enrolled", "pathId graphVersion", "utcOffsetMinutes timeZone"),
    ("graph_migrated", "fromVersion toVersion mapping reason", "requestedBy report merges keptOpen"),
    ("unblocked", "nodeIds requestedBy confirmedBy reason", ""),
    ("repaired", "action requestedBy reason", "digestBefore digestAfter"),
    ("voided", "eventId requestedBy reason", ""),
)

EVENT_TYPES: tuple[str, ...] = tuple(PAYLOADS)
CONTROL_TYPES: tuple[str, ...] = tuple(CONTROL_PAYLOADS)

_MAX_TEXT = 4000
_PHASES = "awakening separation discernment commission stewardship"
_ENUMERATIONS = {
    name: frozenset(values.split())
    for name, values in (
        ("phase", _PHASES),
        ("previousPhase", _PHASES),
        ("covenantType", "formation_journey resource_explorer"),
        ("type", "text voice"),
        ("doctrinalSoundness", "sound unclear concerning"),
        ("source", "rules llm operator"),
        ("pause_triggered.reason", "speed_run_detected insufficient_dwell_time missing_reflections surface_engagement"),
        ("pause_triggered.severity", "suggestion warning gate"),
        ("recommendationType", "resource revisit pause connect"),
        ("dimension", "reflection_depth pace canon_engagement"),
        ("gapType", "theological practical relational"),
        ("formation_gap_detected.severity", "minor moderate critical"),
        ("action", "replay reset-score unblock"),
    )
}
_COUNTS = frozenset(
    [
        "daysInPhase",
        "checkpointsCompleted",
        "reflectionsSubmitted",
        "dwellTimeSeconds",
        "totalDwellTimeSeconds",
        "timeSinceReached",
        "wordCount",
        "timeSinceCheckpointReached",
        "graphVersion",
        "fromVersion",
        "toVersion",
    ]
)
_FLAGS = frozenset({"acknowledgedTerms", "passed", "isRegurgitation", "showsWrestling"})


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_unit(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(k, str) and _are_texts(v) for k, v in value.items())


def _are_merges(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_are_texts(row) and len(row) > 1 for row in value)


_OTHERS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "depthScore": ("a number from 0 to 1", _is_unit),
    "score": ("a number from 0 to 1", _is_unit),
    "utcOffsetMinutes": ("whole minutes from -840 to 840", lambda value: _is_whole(value, -840, 840)),
    "requirementsNeeded": ("a list of texts", _are_texts),
    "nodeIds": ("a list of texts", _are_texts),
    "mapping": ("an object of lists of node ids", _is_mapping),
    "merges": ("a list of lists of node ids", _are_merges),
    "keptOpen": ("a list of texts", _are_texts),
    "report": ("an object", lambda value: isinstance(value, Mapping)),
    "subScores": ("an object", lambda value: isinstance(value, Mapping)),
}


def _complaint(event_type: str, name: str, value: object) -> str | None:
    """Return what the field should have held, or None if it holds that."""
    allowed = _ENUMERATIONS.get(f"{event_type}.{name}", _ENUMERATIONS.get(name))
    if allowed is not None:
        return None if isinstance(value, str) and value in allowed else f"one of {', '.join(sorted(allowed))}"
    if name in _OTHERS:
        wanted, fits = _OTHERS[name]
        return None if fits(value) else wanted
    if name in _COUNTS:
        return None if _is_whole(value, 0, 2**53) else "a whole number from 0"
    if name in _FLAGS:
        return None if isinstance(value, bool) else "true or false"
    return None if isinstance(value, str) and len(value) <= _MAX_TEXT else f"a text of at most {_MAX_TEXT} characters"


def shortened(text: str) -> str:
    """Return a text that a payload may hold: cut with an ellipsis where it is longer than 4000 characters."""
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One fact in a member's journal, not yet numbered. `content_id` is what the fact is about, '' if about nothing."""

    event_id: str
    user_id: str
    enrollment_id: str
    event_type: str
    content_id: str
    occurred_at: datetime
    data: Mapping[str, object]


def checked(event: JournalEvent, *, allow_control: bool = False) -> JournalEvent:
    """Return `event` if its type is one of the 17, its payload whole and in range, its time aware; else raise BadInput.

    With `allow_control` the five control types pass as well.
    """
    fields = PAYLOADS.get(event.event_type) or (CONTROL_PAYLOADS.get(event.event_type) if allow_control else None)
    if fields is None:
        raise BadInput(f"{event.event_type!r} is not one of the 17 journal event types", subject="eventType",
                       remedy="See docs/reference/formation-events.md for the list.")  # fmt: skip
    if event.occurred_at.tzinfo is None:
        raise BadInput("the time has no zone", subject="timestamp", remedy="Send ISO 8601 with an offset, e.g. ending in Z.")
    required, optional = fields
    missing, unknown = required - event.data.keys(), event.data.keys() - required - optional
    if missing or unknown:
        parts = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        parts += [f"has unknown {', '.join(sorted(unknown))}"] if unknown else []
        raise BadInput(f"the payload of {event.event_type} {' and '.join(parts)}", subject="data",
                       remedy=f"It takes {', '.join(sorted(required | optional))}.")  # fmt: skip
    for name in sorted(event.data):
        wanted = _complaint(event.event_type, name, event.data[name])
        if wanted is not None:
            raise BadInput(f"{name} of {event.event_type} is {str(event.data[name])[:40]!r}", subject=f"data.{name}",
                           remedy=f"Send {wanted}.")  # fmt: skip
    return event
