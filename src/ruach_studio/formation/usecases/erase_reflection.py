"""Turn a member's wish to forget into an erased text, and with it the insights that they took from it.

The journal keeps hash, word count and quality: progress stands.
"""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import reflections
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.erase_insight import erase_insights_of
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import NotFound


class ReflectionNotFound(NotFound):
    """You have no such reflection, or its text is erased already."""

    code = "reflection_not_found"


async def erase_reflection(services: FormationServices, user_id: str, reflection_id: str) -> None:
    """Erase the text of the user's own reflection. Raises ReflectionNotFound, also for another member's."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        if not await reflections.erase(tx, reflection_id, user_id, now):
            raise ReflectionNotFound(subject=reflection_id)
        await erase_insights_of(tx, user_id, reflection_id, now)
        await record_transition(
            tx, entity="formation-reflection", entity_id=reflection_id, from_state="stored", to_state="erased",
            actor=f"user:{user_id}", reason="erased by its author",
        )  # fmt: skip
