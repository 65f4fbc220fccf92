"""Turn an earlier version's cuts into the next version: undo, to any depth. Nothing is lost, for versions only follow.

Of a locked EDL that is the way to go on: the next version is a draft, and the locked one stays as it is and renders.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.review import apply_edits, new_draft, restoring
from ruach_studio.assembly.store import edls, sessions
from ruach_studio.assembly.store.sessions import SessionRow
from ruach_studio.assembly.usecases.edit_edl import edit_edl, locked_head
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.events.assembly import EdlDraftCreated
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.outbox import publish


async def restore_edl(
    services: AssemblyServices, session_id: str, from_version: int, *, base_version: int, actor: str
) -> CanonicalEDL:
    """Save a child of `base_version` that has the cuts of `from_version`; if the base is locked, a draft, whatever they are.

    Raises EdlNotFound (404), EdlVersionConflict, SessionStateConflict, EdlIsLocked (409: it was locked in this moment),
    EditRefused (422) if nothing would change.
    """
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        wanted = await edls.get(tx, session_id, from_version)
        base = await edls.get(tx, session_id, base_version)
        head = await locked_head(tx, session_id, base_version)
        if head.state == "locked":
            return await _go_on(tx, services, session, base, wanted, actor)
    return await edit_edl(services, session_id, restoring(base, wanted), base_version=base_version, actor=actor)


async def _go_on(
    tx: AsyncConnection,
    services: AssemblyServices,
    session: SessionRow,
    base: CanonicalEDL,
    wanted: CanonicalEDL,
    actor: str,
) -> CanonicalEDL:
    """Save the draft that follows the locked `base`, with its states and its announcement."""
    draft = new_draft(base)
    if (base.program, base.omitted) != (wanted.program, wanted.omitted):
        draft = replace(apply_edits(draft, restoring(draft, wanted), version=draft.version), parent_version=base.version)
    draft = replace(draft, source=await edls.origin_of(tx, draft) or draft.source)
    note = f"a new draft with the cuts of version {wanted.version}, after version {base.version} was locked"
    await edls.insert(tx, draft, author=actor, at=services.clock.now(), note=note)
    await move_session(tx, services, session, "assembled", actor=actor, reason=note)
    await record_transition(
        tx, entity="edl", entity_id=f"{base.session_id}:{draft.version}", from_state=None, to_state="draft", actor=actor,
        reason=note,
    )  # fmt: skip
    event = EdlDraftCreated(base.session_id, draft.version, draft.sync_version, draft.rules_version, len(draft.program))
    await publish(tx, event)
    return draft
