"""Turn an operator's word into an insight's next state: approved, published, rejected. No rule and nobody else publishes."""

from ruach_studio.formation.insights import TARGETS, Decision, checked_step
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import insights
from ruach_studio.formation.store.insights import Insight
from ruach_studio.formation.usecases.vote_on_insight import OwnInsight
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.context import bind
from ruach_studio.kernel.errors import Malformed


async def decide_insight(
    services: FormationServices, insight_id: str, decision: Decision, *, account_id: str, actor: str, reason: str
) -> Insight:
    """Take an insight to its next state, with a reason. Raises InsightNotFound, IllegalStep, OwnInsight, Malformed.

    An operator who walks the path too does not decide on their own words.
    """
    if not reason.strip():
        raise Malformed("a decision needs a reason", subject="reason", remedy="Say why; its author reads it.")
    now, target = services.clock.now(), TARGETS[decision]
    async with services.database.transaction() as tx:
        insight = await insights.get(tx, insight_id, lock=True)
        if insight.user_id == account_id:
            raise OwnInsight(subject=insight_id, remedy="Another operator decides on it.")
        checked_step(insight_id, insight.state, target)
        columns = {"state": target, "decided_at": now, "decided_by": actor, "reason": reason.strip()}
        await insights.update(tx, insight_id, **columns | ({"published_at": now} if target == "published" else {}))
        with bind(enrollment_id=insight.enrollment_id):
            await record_transition(
                tx, entity="formation-insight", entity_id=insight_id, from_state=insight.state, to_state=target,
                actor=actor, reason=reason.strip(),
            )  # fmt: skip
        return await insights.get(tx, insight_id)
