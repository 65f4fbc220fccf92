"""The words in which a member's client writes to formation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.ports import Opinion
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.usecases.attempt_checkpoint import Attempted
from ruach_studio.formation.usecases.beat_heart import Counted
from ruach_studio.formation.usecases.list_reflections import ShownReflection
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.submit_reflection import Submitted
from ruach_studio.infra.queues.port import Dispatch

PathId = Field(default=DEFAULT_PATH, min_length=1, max_length=64)
Name = Field(min_length=1, max_length=128)


class EnrollRequest(Wire):
    """The covenant that the member enters."""

    covenant_type: Literal["formation_journey", "resource_explorer"]
    acknowledged_terms: bool
    path_id: str = PathId
    time_zone: str | None = Field(default=None, min_length=1, max_length=64)


class EnrollmentOut(Wire):
    """A member's enrollment; `created` is False where it stood already."""

    formation_enrollment_id: str
    path_id: str
    graph_version: int
    covenant_type: str
    time_zone: str
    enrolled_at: datetime
    created: bool


class EventRequest(Wire):
    """Something that happens. Times, dwell and completion are measured by the server, so no field takes them."""

    event_type: str = Field(max_length=64)
    content_id: str = Field(max_length=128)
    data: dict[str, Any] | None = None
    path_id: str = PathId


class EventOut(Wire):
    """Whether a fact was written; False where it stood already.

    `dispatch` is `pending` while the queues' Redis is away: the fact counts, and the state follows when that is back.
    """

    recorded: bool
    formation_enrollment_id: str
    dispatch: Dispatch = "queued"


class HeartbeatRequest(Wire):
    """One beat of a visible tab: send one every 10 s with a rising sequence."""

    session_id: str = Name
    node_id: str = Name
    sequence: int = Field(ge=0, le=2**53)
    path_id: str = PathId


class HeartbeatOut(Wire):
    """What the server counted."""

    decision: str
    reason: str
    credited_seconds: float
    dwell_seconds: int
    minimum_dwell_seconds: int
    completed: bool


class ReflectionRequest(Wire):
    """A reflection on a prompt."""

    node_id: str = Name
    text: str = Field(min_length=1, max_length=100_000)
    type: Literal["text", "voice"] = "text"
    path_id: str = PathId


class AttemptRequest(Wire):
    """An answer at a checkpoint."""

    text: str = Field(min_length=1, max_length=100_000)
    type: Literal["text", "voice"] = "text"
    path_id: str = PathId


class OpinionOut(Wire):
    """What the assessor counted: feedback for the member, not a judgement of a person."""

    quality: float
    rubric_version: str
    reasons: list[str]
    sub_scores: Mapping[str, int]
    is_regurgitation: bool
    shows_wrestling: bool


class ReflectionOut(Wire):
    """A kept reflection; without `assessment` it came within a day of the last scored one, and `scoredFrom` says when."""

    reflection_id: str
    word_count: int
    assessment: OpinionOut | None
    scored_from: datetime | None


class AttemptOut(Wire):
    """The outcome of an attempt."""

    reflection_id: str
    passed: bool
    score: float
    reasons: list[str]
    rules_version: str
    assessment: OpinionOut
    next_attempt_at: datetime | None


class OwnReflectionOut(Wire):
    """One of the member's own reflections; `text` is null once erased, `quality` null while not scored."""

    reflection_id: str
    node_id: str
    type: str
    text: str | None
    word_count: int
    submitted_at: datetime
    erased_at: datetime | None
    quality: float | None


def enrollment_out(enrollment: Enrollment, *, created: bool) -> EnrollmentOut:
    """Return the wire form of an enrollment."""
    return EnrollmentOut(
        formation_enrollment_id=enrollment.enrollment_id, path_id=enrollment.path_id, created=created,
        graph_version=enrollment.graph_version, covenant_type=enrollment.covenant_type, time_zone=enrollment.time_zone,
        enrolled_at=enrollment.enrolled_at,
    )  # fmt: skip


def heartbeat_out(counted: Counted) -> HeartbeatOut:
    """Return the wire form of a counted beat."""
    return HeartbeatOut(
        decision=counted.decision, reason=counted.reason, credited_seconds=counted.credited_s, dwell_seconds=counted.dwell_s,
        minimum_dwell_seconds=counted.minimum_dwell_s, completed=counted.completed,
    )  # fmt: skip


def reflection_out(done: Submitted) -> ReflectionOut:
    """Return the wire form of a submission."""
    opinion = None if done.opinion is None else _opinion_out(done.opinion)
    return ReflectionOut(
        reflection_id=done.reflection_id, word_count=done.word_count, assessment=opinion, scored_from=done.scored_from
    )


def attempt_out(done: Attempted) -> AttemptOut:
    """Return the wire form of an attempt."""
    verdict = done.passage.verdict
    return AttemptOut(
        reflection_id=done.reflection_id, passed=verdict.decision == "pass", score=done.opinion.quality / 1000,
        reasons=list(verdict.reasons), rules_version=verdict.rules_version, assessment=_opinion_out(done.opinion),
        next_attempt_at=done.next_attempt_at,
    )  # fmt: skip


def own_reflection_out(shown: ShownReflection) -> OwnReflectionOut:
    """Return the wire form of one of the caller's reflections."""
    stored, quality = shown.stored, shown.quality
    return OwnReflectionOut(
        reflection_id=stored.reflection_id, node_id=stored.node_id, type=stored.type, text=stored.text,
        word_count=stored.word_count, submitted_at=stored.submitted_at, erased_at=stored.erased_at,
        quality=None if quality is None else quality / 1000,
    )  # fmt: skip


def _opinion_out(opinion: Opinion) -> OpinionOut:
    return OpinionOut(
        quality=opinion.quality / 1000, rubric_version=opinion.rubric_version, reasons=list(opinion.reasons),
        sub_scores=opinion.sub_scores, is_regurgitation=opinion.is_regurgitation, shows_wrestling=opinion.shows_wrestling,
    )  # fmt: skip
