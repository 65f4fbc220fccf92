"""Turn an approved EDL into a locked one, and tell the other pillars, with everything that they need to render it."""

from ruach_studio.assembly.edl import CanonicalEDL, to_wire
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.move_edl import moved
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.outbox import publish


async def lock_edl(services: AssemblyServices, session_id: str, *, version: int, actor: str, note: str = "") -> CanonicalEDL:
    """Lock the newest, approved version; publishes EdlLocked with the whole EDL in the same transaction.

    Raises EdlVersionConflict (409), EdlStateConflict (409) unless it is approved.
    """
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        edl = await moved(tx, services, session_id, "lock", version=version, actor=actor, note=note)
        await move_session(tx, services, session, "edl-locked", actor=actor, reason=f"EDL version {version} locked")
        await publish(tx, EdlLocked(session_id, version, actor, to_wire(edl)))
    return edl
