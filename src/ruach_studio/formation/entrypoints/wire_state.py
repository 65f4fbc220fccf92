"""The words in which formation shows an enrollment: its state at a date, its journal, its decisions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.readiness import Level, Readiness
from ruach_studio.formation.state import REDUCER_VERSION, digest
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.usecases.read_state import ShownState
from ruach_studio.kernel.decision import Verdict


class LevelOut(Wire):
    """A level with the counts that made it."""

    level: Level
    reasons: list[str]


class ReadinessOut(Wire):
    """The overall level, its three dimensions, and what an operator should see."""

    level: LevelOut
    reflection_depth: LevelOut
    canon_engagement: LevelOut
    pace_level: LevelOut
    pace: str
    red_flags: list[str]


class StateOut(Wire):
    """FormationState at `asOf`. `digest` is the same wherever the same journal is replayed."""

    formation_enrollment_id: str
    user_id: str
    path_id: str
    graph_version: int
    journal_version: int
    reducer_version: str
    digest: str
    as_of: str
    created_at: str | None
    updated_at: str | None
    last_activity_at: str | None
    covenant_type: str | None
    covenant_entered_at: str | None
    current_phase: str | None
    phase_entered_at: str | None
    days_in_phase: int
    phases_completed: dict[str, str]
    sections_viewed: dict[str, int]
    sections_completed: dict[str, str]
    checkpoints_reached: dict[str, str]
    checkpoints_completed: dict[str, str]
    reflections_submitted: list[dict[str, Any]]
    unlocked: dict[str, str]
    gated: dict[str, list[str]]
    unlocked_canon_axioms: dict[str, str]
    axioms_cited: dict[str, int]
    formation_gaps: dict[str, str]
    readiness_level: Level
    readiness: ReadinessOut


class EnrollmentOut(Wire):
    """An enrollment, without what was done on it."""

    formation_enrollment_id: str
    user_id: str
    email: str | None
    path_id: str
    graph_version: int
    journal_version: int
    covenant_type: str
    time_zone: str
    enrolled_at: str


class EnrollmentsOut(Wire):
    """A page of enrollments by id; `next` is what to give as `after` for the following one, null at the end."""

    enrollments: list[EnrollmentOut]
    next: str | None


class EventOut(Wire):
    """A journal event. Texts of reflections are not in the journal, so they cannot be here."""

    version: int
    event_id: str
    event_type: str
    content_id: str
    timestamp: str
    data: dict[str, Any]


class EventsOut(Wire):
    """A page of the journal, the oldest first; `next` is the number to give as `after`, null at the end."""

    events: list[EventOut]
    next: int | None


class AuditedOut(Wire):
    """A recorded decision: the DecisionResult as it was given, with its place in the audit."""

    seq: int
    subject: str
    recorded_at: str
    result: dict[str, Any]


class DecisionsOut(Wire):
    """A page of decisions, the newest first; `next` is what to give as `before`, null at the end."""

    decisions: list[AuditedOut]
    next: int | None


def state_out(shown: ShownState) -> StateOut:
    """Return the state."""
    state, enrollment = shown.journey.state, shown.journey.enrollment
    reflections = [
        {
            "reflectionId": reflection_id, "nodeId": each.node_id, "wordCount": each.word_count,
            "submittedAt": _time(each.submitted_at),
            "quality": None if (scored := state.reflection_of(reflection_id)) is None else scored[1] / 1000,
        }
        for reflection_id, each in state.reflections.items()
    ]  # fmt: skip
    return StateOut(
        formation_enrollment_id=enrollment.enrollment_id, user_id=enrollment.user_id, path_id=enrollment.path_id,
        graph_version=shown.journey.graph.version, journal_version=state.journal_version,
        reducer_version=REDUCER_VERSION, digest=digest(state), as_of=_time(shown.as_of),
        created_at=_maybe(state.enrolled_at), updated_at=_maybe(state.latest_event_at),
        last_activity_at=_maybe(state.last_activity), covenant_type=state.covenant,
        covenant_entered_at=_maybe(state.covenant_at), current_phase=state.phase,
        phase_entered_at=_maybe(state.phase_entered_at), days_in_phase=state.days_in_phase(shown.as_of),
        phases_completed=_times(state.phase_completed), sections_viewed=dict(state.section_views),
        sections_completed=_times(state.sections_completed), checkpoints_reached=_times(state.checkpoints_reached),
        checkpoints_completed=_times(state.checkpoints_passed), reflections_submitted=reflections,
        unlocked=_times(state.unlocked), gated={name: list(each) for name, each in state.gated.items()},
        unlocked_canon_axioms=_times(state.axioms_viewed), axioms_cited=dict(state.axioms_cited),
        formation_gaps=dict(state.gaps), readiness_level=shown.readiness.level.decision,
        readiness=readiness_out(shown.readiness),
    )  # fmt: skip


def readiness_out(found: Readiness) -> ReadinessOut:
    """Return the readiness."""
    return ReadinessOut(
        level=_level(found.level), reflection_depth=_level(found.reflection_depth),
        canon_engagement=_level(found.canon_engagement), pace_level=_level(found.pace_level), pace=found.pace,
        red_flags=list(found.red_flags),
    )  # fmt: skip


def enrollment_out(enrollment: Enrollment, email: str | None) -> EnrollmentOut:
    """Return the enrollment; `email` is its user's, None if there is no such account."""
    return EnrollmentOut(
        formation_enrollment_id=enrollment.enrollment_id, user_id=enrollment.user_id, email=email,
        path_id=enrollment.path_id, graph_version=enrollment.graph_version, journal_version=enrollment.journal_version,
        covenant_type=enrollment.covenant_type, time_zone=enrollment.time_zone, enrolled_at=_time(enrollment.enrolled_at),
    )  # fmt: skip


def event_out(version: int, event: JournalEvent) -> EventOut:
    """Return one numbered event."""
    return EventOut(
        version=version, event_id=str(event.event_id), event_type=event.event_type, content_id=event.content_id,
        timestamp=_time(event.occurred_at), data=dict(event.data),
    )  # fmt: skip


def decisions_out(rows: list[dict[str, Any]], limit: int) -> DecisionsOut:
    """Return a page of audit rows."""
    found = [
        AuditedOut(seq=row["seq"], subject=row["subject"], recorded_at=row["recordedAt"], result=row["result"])
        for row in rows
    ]
    return DecisionsOut(decisions=found, next=found[-1].seq if len(found) == limit else None)


def _level(verdict: Verdict[Level]) -> LevelOut:
    return LevelOut(level=verdict.decision, reasons=list(verdict.reasons))


def _times(times: Mapping[str, datetime]) -> dict[str, str]:
    return {name: _time(at) for name, at in times.items()}


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else _time(at)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
