"""Turn a path into the list of what was published of it, the newest first."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts
from ruach_studio.formation.store.drafts import Version


async def read_versions(services: FormationServices, path_id: str) -> list[Version]:
    """Return every version without its nodes. Raises PathNotFound."""
    async with services.database.connection() as conn:
        return await drafts.versions(conn, path_id)
