"""Turn a path into the draft that an operator goes on with: the one that was saved, or the newest version as it stands."""

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts, graphs
from ruach_studio.formation.store.drafts import Draft


async def read_draft(services: FormationServices, path_id: str) -> Draft:
    """Return the draft; revision 0 if none was saved yet. Raises PathNotFound."""
    async with services.database.connection() as conn:
        path = await graphs.get_path(conn, path_id)
        found = await drafts.get(conn, path_id)
        if found is not None:
            return found
        nodes = (await graphs.read_version(conn, path_id, path.current_version)).nodes if path.current_version else ()
        return Draft(path_id, 0, Authored(nodes), path.created_at, path.created_by)
