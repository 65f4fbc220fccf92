"""Turn an operator's edits into the next version of the EDL, if nobody else was quicker."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.review import Edit, apply_edits
from ruach_studio.assembly.store import edls
from ruach_studio.assembly.store.edls import EdlNotFound, Head
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Conflict


class EdlVersionConflict(Conflict):
    """Somebody else has saved a newer version."""

    code = "edl_version_conflict"


async def edit_edl(
    services: AssemblyServices, session_id: str, edits: Sequence[Edit], *, base_version: int, actor: str
) -> CanonicalEDL:
    """Apply all edits to `base_version` and save the result as the next version, or change nothing.

    Raises EdlVersionConflict (409, details carry both versions), EdlIsLocked (409), EditRefused (422), CutNotFound (404).
    """
    async with services.database.transaction() as tx:
        head = await locked_head(tx, session_id, base_version)
        edl = await edls.get(tx, session_id, head.version)
        edited = apply_edits(edl, edits, version=head.version + 1)
        # Edits that take back all that the operator did give an automatic list again.
        edited = replace(edited, source=await edls.origin_of(tx, edited) or edited.source)
        await edls.insert(tx, edited, author=actor, at=services.clock.now())
        if edited.status != edl.status:
            await record_transition(
                tx, entity="edl", entity_id=f"{session_id}:{edited.version}", from_state=edl.status, to_state=edited.status,
                actor=actor, reason=f"edited after version {edl.version} was {edl.status}",
            )  # fmt: skip
    return edited


async def locked_head(tx: AsyncConnection, session_id: str, base_version: int) -> Head:
    """Lock the session's head and return it. Raises EdlNotFound, or EdlVersionConflict if `base_version` is not it."""
    head = await edls.head(tx, session_id, lock=True)
    if head is None:
        raise EdlNotFound("the session has no EDL yet", subject=session_id, remedy="Assemble the session first.")
    if head.version != base_version:
        raise EdlVersionConflict(
            f"version {base_version} was worked on, version {head.version} is the newest", subject=session_id,
            remedy="Load the newest version and make the change there.", base_version=base_version,
            current_version=head.version,
        )  # fmt: skip
    return head
