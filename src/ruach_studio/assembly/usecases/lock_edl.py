"""Turn an approved EDL into a locked one, and tell the other pillars, with everything that they need to render it."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL, to_wire
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, syncs, transcripts
from ruach_studio.assembly.transcript_place import locked_wire, on_master
from ruach_studio.assembly.usecases.get_transcript import clock_of
from ruach_studio.assembly.usecases.move_edl import moved
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.outbox import publish


async def lock_edl(services: AssemblyServices, session_id: str, *, version: int, actor: str, note: str = "") -> CanonicalEDL:
    """Lock the newest, approved version; publishes EdlLocked with the whole EDL in the same transaction.

    What the session's transcript says in the programme goes with it, placed by the EDL's own sync.

    Raises EdlVersionConflict (409), EdlStateConflict (409) unless it is approved.
    """
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        edl = await moved(tx, services, session_id, "lock", version=version, actor=actor, note=note)
        edl = await _with_transcript(tx, services, edl)
        await move_session(tx, services, session, "edl-locked", actor=actor, reason=f"EDL version {version} locked")
        await publish(tx, EdlLocked(session_id, version, actor, to_wire(edl)))
    return edl


async def _with_transcript(tx: AsyncConnection, services: AssemblyServices, edl: CanonicalEDL) -> CanonicalEDL:
    row = await transcripts.newest(tx, edl.session_id)
    if row is None:
        return edl
    clock = {}
    if any(each.of is not None for each in row.recorded):
        clock = dict(clock_of((await syncs.get(tx, edl.session_id, edl.sync_version)).solution))
    said = on_master(row.recorded, clock, edl.duration_ms)
    if said is None:
        return edl
    wire = locked_wire(said, language=row.language, sha256=row.sha256)
    await transcripts.keep_locked(tx, edl.session_id, edl.version, row.version, wire, at=services.clock.now())
    return replace(edl, transcript=wire)
