"""Turn the store's paths into the list that operators choose from."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts
from ruach_studio.formation.store.graphs import Path


async def list_paths(services: FormationServices) -> list[tuple[Path, int]]:
    """Return every path with its draft's revision (0: no draft), by id."""
    async with services.database.connection() as conn:
        return await drafts.paths(conn)
