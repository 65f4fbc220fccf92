"""Turn a file that an editing program sent back into the next version of the EDL, if nobody else was quicker."""

import asyncio

from ruach_studio.assembly.exchange import Imported, import_back
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import edls
from ruach_studio.assembly.usecases.edit_edl import locked_head
from ruach_studio.infra.audit import record_transition


async def import_edl(
    services: AssemblyServices, session_id: str, format_name: str, content: bytes, *, base_version: int, actor: str
) -> Imported:
    """Save what `content` shows as the version after `base_version`; a file that shows just the same saves nothing.

    Raises EdlVersionConflict (409, details carry both versions), EdlIsLocked (409), BadReturn (422), NotFound (404).
    """
    async with services.database.transaction() as tx:
        head = await locked_head(tx, session_id, base_version)
        edl = await edls.get(tx, session_id, head.version)
        imported = await asyncio.to_thread(import_back, edl, format_name, content, version=head.version + 1)
        if imported.same:
            return imported
        note = f"came back from {format_name}: {len(imported.changed)} cuts new or changed, {len(imported.removed)} gone"
        await edls.insert(tx, imported.edl, author=actor, at=services.clock.now(), note=note)
        await record_transition(
            tx, entity="edl", entity_id=f"{session_id}:{imported.edl.version}", from_state=edl.status,
            to_state=imported.edl.status, actor=actor, reason=note,
        )  # fmt: skip
    return imported
