"""Turn "can formation work?" and "can it be searched?" into answers for /readyz."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import vectors
from ruach_studio.formation.store.journal import reachable
from ruach_studio.infra.db import Database


async def ready(database: Database) -> str:
    """Return a sentence if the journal answers; raises Unavailable if the database does not."""
    async with database.connection() as conn:
        await reachable(conn)
    return "the journal answers; journeys are not built yet"


async def search_ready(services: FormationServices) -> tuple[bool, str]:
    """Return whether search is whole, and a sentence; False means that full text serves alone, or for some passages."""
    async with services.database.connection() as conn:
        if not await vectors.present(conn):
            return False, "full text only: install pgvector, then run `ruach formation index --all`"
        passages, embedded = await vectors.count(conn, services.embedder.embedder_id)
    told = f"{embedded} of {passages} passages have a vector"
    return embedded == passages, told if embedded == passages else f"{told}; `ruach formation index` makes the rest"
