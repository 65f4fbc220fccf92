"""Turn the last failure of a sync job into a session that is back at its footage, with the reason on record."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.move_session import move_session


async def fail_sync(tx: AsyncConnection, services: AssemblyServices, session_id: str, *, actor: str, reason: str) -> None:
    """Move a syncing session back to ingesting; any other state stays."""
    session = await sessions.get(tx, session_id, lock=True)
    if session.state == "syncing":
        await move_session(tx, services, session, "sync-failed", actor=actor, reason=reason)
