"""Turn nodes, or a path's draft, into the report that saving or publishing them would give. Nothing is written."""

from collections.abc import Collection

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts, graphs
from ruach_studio.formation.usecases.examine_graph import Examined, examine_graph
from ruach_studio.kernel.errors import NotFound


class NoDraft(NotFound):
    """The path has no draft."""

    code = "no_draft"


async def validate_graph(
    services: FormationServices, path_id: str, authored: Authored | None = None, *, brings: Collection[str] = ()
) -> Examined:
    """Examine `authored` (with the content references whose pieces it `brings`), or the saved draft.

    Raises PathNotFound, NoDraft, BadInput (no nodes).
    """
    async with services.database.connection() as conn:
        await graphs.get_path(conn, path_id)
        if authored is None:
            draft = await drafts.get(conn, path_id)
            if draft is None:
                raise NoDraft(subject=path_id, remedy="Save one, or send nodes.")
            authored = draft.authored
        return await examine_graph(conn, path_id, authored, publishing=True, brings=brings)
