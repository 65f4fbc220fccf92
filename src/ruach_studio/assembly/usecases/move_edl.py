"""Turn an operator's word (submit, withdraw, approve, lock) into the EDL's next state, with its audit row."""

from dataclasses import replace
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL, next_state
from ruach_studio.assembly.edl_state import Action
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import edls
from ruach_studio.assembly.usecases.assemble import checked
from ruach_studio.assembly.usecases.edit_edl import locked_head
from ruach_studio.infra.audit import record_transition


async def move_edl(
    services: AssemblyServices, session_id: str, action: Literal["submit", "withdraw", "approve"], *, version: int,
    actor: str, note: str = "",
) -> CanonicalEDL:  # fmt: skip
    """Move the newest version on. Raises EdlVersionConflict (409) if `version` is not it, EdlStateConflict (409)."""
    async with services.database.transaction() as tx:
        return await moved(tx, services, session_id, action, version=version, actor=actor, note=note)


async def moved(
    tx: AsyncConnection, services: AssemblyServices, session_id: str, action: Action, *, version: int, actor: str, note: str
) -> CanonicalEDL:
    """Move the newest version on, within `tx`; only an EDL without errors moves forward."""
    head = await locked_head(tx, session_id, version)
    edl = await edls.get(tx, session_id, version)
    following = next_state(head.state, action)
    if action != "withdraw":
        checked(edl)
    await edls.move(tx, session_id, version, following, actor=actor, note=note, at=services.clock.now())
    await record_transition(
        tx, entity="edl", entity_id=f"{session_id}:{version}", from_state=head.state, to_state=following, actor=actor,
        reason=note or action,
    )  # fmt: skip
    return replace(edl, status=following)
