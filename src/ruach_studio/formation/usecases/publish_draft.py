"""Turn a path's draft into its next version: one operator wins, a second one at the same revision is told so."""

from dataclasses import replace

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts
from ruach_studio.formation.usecases.publish_version import publish_version
from ruach_studio.formation.usecases.save_draft import require_revision
from ruach_studio.formation.usecases.validate_graph import NoDraft


async def publish_draft(services: FormationServices, path_id: str, *, revision: int, reason: str, actor: str) -> Graph:
    """Publish the draft that was read at `revision`; the draft goes on from there at the next revision, without a mapping.

    Raises PathNotFound, NoDraft, DraftMoved, GraphRefused, NothingNew, BadInput (no reason).
    """
    at = services.clock.now()
    async with services.database.transaction() as tx:
        await drafts.lock_path(tx, path_id)
        draft = await drafts.get(tx, path_id)
        if draft is None:
            raise NoDraft(subject=path_id, remedy="Save one first.")
        require_revision(path_id, revision, draft.revision)
        state = f"draft revision {revision}"
        graph = await publish_version(tx, path_id, draft.authored, actor=actor, reason=reason, at=at, from_state=state)
        # its renames are said: said again with the next version they would be about nodes withdrawn long ago
        authored = replace(draft.authored, renames={}, merges={})
        await drafts.put(tx, replace(draft, revision=revision + 1, authored=authored, updated_at=at, updated_by=actor))
        return graph
