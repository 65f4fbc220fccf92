"""Turn a member into their own reflections with the quality that was recorded for each."""

from dataclasses import dataclass

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments, reflections
from ruach_studio.formation.store.reflections import StoredReflection
from ruach_studio.formation.usecases.load_journey import state_of


@dataclass(frozen=True, slots=True)
class ShownReflection:
    """A submission; `quality` 0..1000, None while it is not scored."""

    stored: StoredReflection
    quality: int | None


async def list_reflections(services: FormationServices, user_id: str, *, limit: int = 100) -> list[ShownReflection]:
    """Return the user's reflections, the newest first."""
    async with services.database.connection() as conn:
        found = await reflections.of_user(conn, user_id, limit=limit)
        states = [await state_of(conn, each.enrollment_id) for each in await enrollments.all_of_user(conn, user_id)]
    said = {name: assessed.quality for state in states for name, assessed in state.assessed.items()}
    return [ShownReflection(each, said.get(each.reflection_id)) for each in found]
