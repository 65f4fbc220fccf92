"""Turn a path and a version into the published graph."""

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import graphs
from ruach_studio.formation.store.graphs import GraphVersionNotFound


async def read_graph(services: FormationServices, path_id: str, version: int | None = None) -> Graph:
    """Return that version, or the newest. Raises PathNotFound, GraphVersionNotFound."""
    async with services.database.connection() as conn:
        found = version or (await graphs.get_path(conn, path_id)).current_version
        if found is None:
            raise GraphVersionNotFound("nothing is published yet", subject=path_id)
        return await services.graphs.get(conn, path_id, found)
