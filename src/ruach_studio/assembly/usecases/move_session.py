"""Turn something that happened to a session into its next state, with the audit row that tells of it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session_state import Happening, State, after
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.store.sessions import SessionRow
from ruach_studio.infra.audit import record_transition


async def move_session(
    tx: AsyncConnection, services: AssemblyServices, session: SessionRow, happening: Happening, *, actor: str,
    reason: str = "", **columns: Any,
) -> State:  # fmt: skip
    """Move a session whose row `tx` has locked; `columns` are set along. Raises SessionStateConflict (409)."""
    following = after(session.state, happening)
    await sessions.update(tx, session.session_id, at=services.clock.now(), state=following, **columns)
    if following != session.state:
        await record_transition(
            tx, entity="session", entity_id=session.session_id, from_state=session.state, to_state=following, actor=actor,
            reason=reason or happening,
        )  # fmt: skip
    return following
