"""Turn an enrollment into a page of its journal, for an operator. The journal holds no text of a reflection."""

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments, journal


async def read_journal(
    services: FormationServices, enrollment_id: str, *, after: int = 0, limit: int = 100
) -> list[tuple[int, JournalEvent]]:
    """Return at most `limit` (version, event), the oldest first, behind number `after`. Raises EnrollmentNotFound."""
    async with services.database.connection() as conn:
        await enrollments.get(conn, enrollment_id)
        return await journal.read(conn, enrollment_id, after=after, limit=limit)
