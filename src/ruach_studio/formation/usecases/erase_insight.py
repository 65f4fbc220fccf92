"""Turn an author's wish to forget into an erased insight: its text is gone, and nobody is shown it any more."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import insights
from ruach_studio.formation.store.insights import Insight, InsightNotFound
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.context import bind


async def erase_insight(services: FormationServices, user_id: str, insight_id: str) -> None:
    """Erase the user's own insight, published or not. Raises InsightNotFound, also for another's or an erased one."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        insight = await insights.get(tx, insight_id, lock=True)
        if insight.user_id != user_id or insight.state == "erased":
            raise InsightNotFound(subject=insight_id)
        await _erase(tx, insight, now, "erased by its author")


async def erase_insights_of(tx: AsyncConnection, user_id: str, reflection_id: str, at: datetime) -> int:
    """Erase what the author took from a reflection that they erase in `tx`; return how many."""
    found = await insights.of_reflection(tx, user_id, reflection_id)
    # all rows before the first word in the audit: an operator who decides on the next one waits for the audit, and we for it
    held = [await insights.get(tx, each.insight_id, lock=True) for each in found]
    for insight in held:
        await _erase(tx, insight, at, "its author erased the reflection")
    return len(held)


async def _erase(tx: AsyncConnection, insight: Insight, at: datetime, reason: str) -> None:
    await insights.update(tx, insight.insight_id, state="erased", text=None, erased_at=at)
    with bind(enrollment_id=insight.enrollment_id):
        await record_transition(
            tx, entity="formation-insight", entity_id=insight.insight_id, from_state=insight.state, to_state="erased",
            actor=f"user:{insight.user_id}", reason=reason,
        )  # fmt: skip
