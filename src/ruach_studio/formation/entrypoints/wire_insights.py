"""The words of formation's HTTP interface about readiness, privileges and insights."""

from datetime import datetime
from typing import Any

from pydantic import Field

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.gaps import Gap
from ruach_studio.formation.insights import Decision, State, Vote
from ruach_studio.formation.privileges import Privileges
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.read_insights import ShownInsight
from ruach_studio.formation.usecases.read_readiness import ReadinessNow
from ruach_studio.kernel.decision import Verdict


class RuleOut(Wire):
    """What a rule says now: decision, reasons, rules version and the hash of what it read."""

    decision: str
    reasons: list[str]
    rules_version: str
    inputs_hash: str


class GapOut(Wire):
    """One gap of formation, with its numbers and what would close it."""

    gap_type: str
    area: str
    severity: str
    reason: str
    recommendation: str


class ReadinessOut(Wire):
    """A member's own readiness now."""

    formation_enrollment_id: str
    as_of: datetime
    level: RuleOut
    reflection_depth: RuleOut
    canon_engagement: RuleOut
    pace_level: RuleOut
    pace: str
    red_flags: list[str]
    gaps: list[GapOut]


class PrivilegesOut(Wire):
    """What the member may do with insights, and the numbers behind it."""

    can_submit_insights: bool
    can_validate_insights: bool
    submit_insights: RuleOut
    validate_insights: RuleOut


class InsightRequest(Wire):
    """New words, or those of an own reflection; with both, words taken from that reflection."""

    text: str | None = Field(default=None, max_length=20_000)
    reflection_id: str | None = None
    path_id: str = Field(default=DEFAULT_PATH, min_length=1, max_length=64)


class VoteRequest(Wire):
    """helpful counts +1, profound +2, needs_work -1."""

    vote: Vote
    path_id: str = Field(default=DEFAULT_PATH, min_length=1, max_length=64)


class DecisionRequest(Wire):
    """An operator's word on an insight, and why; its author reads the reason."""

    decision: Decision
    reason: str = Field(min_length=1, max_length=500)


class VotesOut(Wire):
    """How many voted what, the weighted sum, and the reader's own vote."""

    helpful: int
    profound: int
    needs_work: int
    score: int
    own: Vote | None


class InsightOut(Wire):
    """An insight as its readers see it: nobody's name is on it. State and reason are shown to its author only."""

    insight_id: str
    phase: str
    text: str | None
    mine: bool
    published_at: datetime | None
    votes: VotesOut
    state: State | None = None
    reason: str | None = None
    reflection_id: str | None = None
    submitted_at: datetime | None = None


class ReviewedInsightOut(InsightOut):
    """An insight as operators see it."""

    author_id: str
    formation_enrollment_id: str
    decided_at: datetime | None
    decided_by: str | None


def readiness_out(now: ReadinessNow) -> ReadinessOut:
    """Return the wire form of a readiness."""
    found = now.readiness
    return ReadinessOut(
        formation_enrollment_id=now.enrollment_id, as_of=now.as_of, level=_rule(found.level),
        reflection_depth=_rule(found.reflection_depth), canon_engagement=_rule(found.canon_engagement),
        pace_level=_rule(found.pace_level), pace=found.pace, red_flags=list(found.red_flags),
        gaps=[_gap(gap) for gap in now.gaps],
    )  # fmt: skip


def privileges_out(found: Privileges) -> PrivilegesOut:
    """Return the wire form of privileges."""
    return PrivilegesOut(
        can_submit_insights=found.can_submit_insights, can_validate_insights=found.can_validate_insights,
        submit_insights=_rule(found.submit), validate_insights=_rule(found.validate),
    )  # fmt: skip


def insight_out(shown: ShownInsight) -> InsightOut:
    """Return the wire form of an insight for a member."""
    return InsightOut(**_insight(shown, all_of_it=shown.mine))


def reviewed_insight_out(shown: ShownInsight) -> ReviewedInsightOut:
    """Return the wire form of an insight for operators."""
    insight = shown.insight
    return ReviewedInsightOut(
        **_insight(shown, all_of_it=True), author_id=insight.user_id, formation_enrollment_id=insight.enrollment_id,
        decided_at=insight.decided_at, decided_by=insight.decided_by,
    )  # fmt: skip


def _rule(verdict: Verdict[Any]) -> RuleOut:
    return RuleOut(
        decision=verdict.decision, reasons=list(verdict.reasons), rules_version=verdict.rules_version,
        inputs_hash=verdict.inputs_hash,
    )  # fmt: skip


def _gap(gap: Gap) -> GapOut:
    return GapOut(**{name: getattr(gap, name) for name in Gap.__slots__})


def _insight(shown: ShownInsight, *, all_of_it: bool) -> dict[str, Any]:
    insight, tally = shown.insight, shown.tally
    votes = VotesOut(
        helpful=tally.helpful, profound=tally.profound, needs_work=tally.needs_work, score=tally.score, own=shown.own_vote
    )
    told: dict[str, Any] = {
        "insight_id": insight.insight_id, "phase": insight.phase, "text": insight.text, "mine": shown.mine,
        "published_at": insight.published_at, "votes": votes,
    }  # fmt: skip
    if all_of_it:
        told |= {name: getattr(insight, name) for name in ("state", "reason", "reflection_id", "submitted_at")}
    return told
