"""Turn "can formation work?" into one answer for /readyz."""

from ruach_studio.formation.store.journal import reachable
from ruach_studio.infra.db import Database


async def ready(database: Database) -> str:
    """Return a sentence if the journal answers; raises Unavailable if the database does not."""
    async with database.connection() as conn:
        await reachable(conn)
    return "the journal answers; journeys are not built yet"
