"""Turn a member's own words into an insight that waits for an operator. It takes the privilege to submit."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.insights import check_room, checked_text
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.privileges import privileges, rank_reached
from ruach_studio.formation.store import insights, reflections
from ruach_studio.formation.store.insights import Insight
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.erase_reflection import ReflectionNotFound
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, Journey, load_journey
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.infra.audit import record_decision, record_transition
from ruach_studio.infra.context import bind, new_id, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import BadInput, Forbidden, RuachError
from ruach_studio.kernel.hashing import sha256_hex


class PrivilegeWithheld(Forbidden):
    """You may not do this yet."""

    code = "privilege_withheld"


@dataclass(frozen=True, slots=True)
class SubmittedInsight:
    """The insight, and whether this call made it."""

    insight: Insight
    created: bool


async def submit_insight(
    services: FormationServices, user_id: str, *, text: str | None = None, reflection_id: str | None = None,
    path_id: str = DEFAULT_PATH,
) -> SubmittedInsight:  # fmt: skip
    """Submit new words, the text of an own reflection, or words taken from one (both given). The same text again is the same
    insight. Raises NotEnrolled, PrivilegeWithheld, ReflectionNotFound, BadInput, TooManyWaiting."""
    if text is None and reflection_id is None:
        raise BadInput("neither text nor reflection is given", subject="text", remedy="Send text, reflectionId or both.")
    now = services.clock.now()
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        journey = await load_journey(services, tx, user_id, path_id=path_id)
        if journey is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        may = privileges(journey.state)
        if not may.can_submit_insights:
            raise PrivilegeWithheld("; ".join(may.submit.reasons), subject="insights",
                                    remedy="Pass a checkpoint first.", reasons=list(may.submit.reasons))  # fmt: skip
        phase, words = await _words(tx, journey, user_id, text, reflection_id)
        standing = await insights.same_text(tx, user_id, sha256_hex(words.encode()))
        if standing is not None:
            return SubmittedInsight(standing, created=False)
        check_room(await insights.waiting(tx, user_id))
        enrollment_id = journey.enrollment.enrollment_id
        insight = Insight(
            new_id(), enrollment_id, user_id, reflection_id, phase, words, sha256_hex(words.encode()), "submitted", now
        )
        if not await insights.insert(tx, insight):
            raise RuachError("the author's turn was not held", subject=insight.insight_id)
        with bind(enrollment_id=enrollment_id):
            await record_transition(
                tx, entity="formation-insight", entity_id=insight.insight_id, from_state=None, to_state="submitted",
                actor=f"user:{user_id}", reason="submitted by its author",
            )  # fmt: skip
            result = DecisionResult(may.submit, now, require_correlation_id())
            await record_decision(tx, result, subject=enrollment_id, inputs=may.submit_inputs)
        return SubmittedInsight(insight, created=True)


async def _words(
    tx: AsyncConnection, journey: Journey, user_id: str, text: str | None, reflection_id: str | None
) -> tuple[str, str]:
    """Return the phase that the insight belongs to, and its words."""
    reached = PHASES[max(rank_reached(journey.state), 1) - 1]
    if reflection_id is None:
        return reached, checked_text(text or "")
    stored = await reflections.get(tx, reflection_id)
    if stored is None or stored.user_id != user_id or stored.text is None:
        raise ReflectionNotFound(subject=reflection_id, remedy="GET /formation-engine/reflections lists yours.")
    node = journey.graph.by_id.get(stored.node_id)
    return node.phase if node else reached, checked_text(stored.text if text is None else text)
