"""Turn a name into a session in state draft."""

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.store.sessions import SessionRow
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.context import new_id
from ruach_studio.kernel.errors import Conflict
from ruach_studio.kernel.ids import checked_name


class SessionExists(Conflict):
    """A session with this id exists already."""

    code = "session_exists"


async def create_session(
    services: AssemblyServices, *, actor: str, session_id: str | None = None, title: str = "", description: str = ""
) -> SessionRow:
    """Create a session (id drawn unless given). Raises SessionExists (409), Malformed for an unusable id."""
    name = checked_name(session_id, field="sessionId") if session_id is not None else new_id()
    async with services.database.transaction() as tx:
        at = services.clock.now()
        if not await sessions.insert(tx, name, title=title, description=description, actor=actor, at=at):
            raise SessionExists(subject=name, remedy="Choose another id, or go on with that session.")
        await record_transition(
            tx, entity="session", entity_id=name, from_state=None, to_state="draft", actor=actor, reason="created"
        )
        return await sessions.get(tx, name)
