"""Turn what a member did into one checked, immutable journal event.

The journal holds the 17 event types of the specification (decision F1). Each has a payload whose required fields are
listed here; anything missing or unknown is refused at the door, so that a replay never meets a half event. Values are
checked by the use case that knows their meaning. Counterpart: store/journal.py appends and reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ruach_studio.kernel.errors import BadInput

# type -> (required fields, optional fields); the wire names are the specification's
PAYLOADS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(required.split()), frozenset(optional.split()))
    for name, required, optional in (
        ("covenant_entered", "covenantType acknowledgedTerms", ""),
        ("phase_started", "phase", "previousPhase"),
        ("phase_completed", "phase daysInPhase checkpointsCompleted reflectionsSubmitted", ""),
        ("section_viewed", "sectionId phase dwellTimeSeconds", ""),
        ("section_completed", "sectionId phase totalDwellTimeSeconds", ""),
        ("checkpoint_reached", "checkpointId sectionId phase", ""),
        ("checkpoint_completed", "checkpointId sectionId phase reflectionId timeSinceReached passed score", ""),
        ("reflection_submitted", "reflectionId checkpointId type wordCount timeSinceCheckpointReached", "textSha256"),
        ("reflection_analyzed",
         "reflectionId depthScore isRegurgitation showsWrestling doctrinalSoundness recommendedAction",
         "source model promptSha256 textSha256 rubricVersion"),
        ("canon_definition_viewed", "axiomId term", "context"),
        ("canon_axiom_cited", "axiomId citationContext", ""),
        ("pause_triggered", "reason context severity", ""),
        ("recommendation_issued", "recommendationType reason", "targetId"),
        ("content_unlocked", "contentType contentId reason", ""),
        ("content_gated", "contentType contentId reason requirementsNeeded", ""),
        ("readiness_level_changed", "dimension previousLevel newLevel reason", ""),
        ("formation_gap_detected", "gapType area severity recommendation", ""),
    )
}  # fmt: skip

EVENT_TYPES: tuple[str, ...] = tuple(PAYLOADS)


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


def checked(event: JournalEvent) -> JournalEvent:
    """Return `event` if its type is one of the 17, its payload complete and its time aware; else raise BadInput."""
    if event.event_type not in PAYLOADS:
        raise BadInput(f"{event.event_type!r} is not one of the 17 journal event types", subject="eventType",
                       remedy="See docs/reference/formation-events.md for the list.")  # fmt: skip
    if event.occurred_at.tzinfo is None:
        raise BadInput("the time has no zone", subject="timestamp", remedy="Send ISO 8601 with an offset, e.g. ending in Z.")
    required, optional = PAYLOADS[event.event_type]
    missing, unknown = required - event.data.keys(), event.data.keys() - required - optional
    if missing or unknown:
        parts = [f"lacks {', '.join(sorted(missing))}"] if missing else []
        parts += [f"has unknown {', '.join(sorted(unknown))}"] if unknown else []
        raise BadInput(f"the payload of {event.event_type} {' and '.join(parts)}", subject="data",
                       remedy=f"It takes {', '.join(sorted(required | optional))}.")  # fmt: skip
    return event
