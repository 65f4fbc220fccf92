"""Turn an operator's nodes into the path's draft, if the check finds no fault and nobody saved in between."""

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import drafts
from ruach_studio.formation.store.drafts import Draft
from ruach_studio.formation.usecases.examine_graph import examine_graph
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Conflict


class DraftMoved(Conflict):
    """The draft went on since you read it."""

    code = "draft_moved"


async def save_draft(services: FormationServices, path_id: str, authored: Authored, *, revision: int, actor: str) -> Draft:
    """Save the draft as revision + 1. `revision`: the one that was read, 0 if there was none.

    Raises PathNotFound, DraftMoved (with both revisions), GraphRefused (with every fault), BadInput (no nodes).
    """
    at = services.clock.now()
    async with services.database.transaction() as tx:
        await drafts.lock_path(tx, path_id)
        found = await drafts.get(tx, path_id)
        current = found.revision if found else 0
        require_revision(path_id, revision, current)
        (await examine_graph(tx, path_id, authored, publishing=False)).require_sound()
        draft = Draft(path_id, current + 1, authored, at, actor)
        await drafts.put(tx, draft)
        await record_transition(
            tx, entity="formation-draft", entity_id=path_id, from_state=f"revision {current}" if current else None,
            to_state=f"revision {draft.revision}", actor=actor,
        )  # fmt: skip
        return draft


def require_revision(path_id: str, yours: int, current: int) -> None:
    """Raise DraftMoved unless both are the same."""
    if yours != current:
        raise DraftMoved(f"you have revision {yours}, it is at revision {current}", subject=path_id,
                         remedy="Read it again, bring your changes in, and save.",
                         yourRevision=yours, currentRevision=current)  # fmt: skip
