"""Turn a wish for a sync into a job, in the transaction that moves the session to syncing."""

from dataclasses import dataclass

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.assembly.usecases.place import check_master
from ruach_studio.infra.context import new_id

QUEUE = "assembly-jobs"


@dataclass(frozen=True, slots=True)
class Queued:
    """A job that was put in its queue, and the workflow it belongs to."""

    job_id: str
    automation_id: str


async def request_sync(
    services: AssemblyServices, session_id: str, *, master: str | None, actor: str, restart: bool = False
) -> Queued:
    """Enqueue the sync of a session. `restart` takes one that hangs in syncing (its job was taken away) up again.

    Raises BadSession (422) with too few cameras, SessionStateConflict (409).
    """
    automation_id = new_id()
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        sources = SessionSources(tuple(asset.camera for asset in await sessions.assets(tx, session_id)))
        chosen = master or session.master_camera  # None: the rule proposes one when the sound has been heard
        check_master(sources, chosen)
        if not (restart and session.state == "syncing"):
            await move_session(tx, services, session, "sync-started", actor=actor, master_camera=chosen)
        payload = {"sessionId": session_id, "master": chosen, "actor": actor}
        job_id = await services.queue.add(tx, QUEUE, "sync", payload, automation_id=automation_id)
    return Queued(job_id, automation_id)
