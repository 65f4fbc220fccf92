"""Turn an earlier version's cuts into the next version: undo, to any depth. Nothing is lost, for versions only follow."""

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.review import restoring
from ruach_studio.assembly.store import edls
from ruach_studio.assembly.usecases.edit_edl import edit_edl


async def restore_edl(
    services: AssemblyServices, session_id: str, from_version: int, *, base_version: int, actor: str
) -> CanonicalEDL:
    """Save a child of `base_version` that has the cuts of `from_version`.

    Raises EdlNotFound (404), EdlVersionConflict, EdlIsLocked (409), EditRefused (422) if nothing would change.
    """
    async with services.database.connection() as conn:
        wanted = await edls.get(conn, session_id, from_version)
        base = await edls.get(conn, session_id, base_version)
    return await edit_edl(services, session_id, restoring(base, wanted), base_version=base_version, actor=actor)
