"""Turn "a format of this session is published" into the session's state."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)


async def publish_session(
    tx: AsyncConnection, services: AssemblyServices, session_id: str, *, actor: str, reason: str
) -> None:
    """Move a rendering session to published; one that is being worked on again, or is not ours, stays as it is."""
    try:
        session = await sessions.get(tx, session_id, lock=True)
        await move_session(tx, services, session, "render-published", actor=actor, reason=reason)
    except (SessionNotFound, SessionStateConflict) as error:
        log.info("session.publish.skipped", session=session_id, message=str(error))
