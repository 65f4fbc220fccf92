"""Turn a wish for a sync into a job, in the transaction that moves the session to syncing."""

from dataclasses import dataclass

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.free_sessions import QUEUE, SYNC_JOB, has_sync_job
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.assembly.usecases.place import check_master
from ruach_studio.infra.context import new_id

__all__ = ["QUEUE", "Queued", "request_sync"]


@dataclass(frozen=True, slots=True)
class Queued:
    """A job that was put in its queue, and the workflow it belongs to."""

    job_id: str
    automation_id: str


async def request_sync(
    services: AssemblyServices, session_id: str, *, master: str | None, actor: str, restart: bool = False
) -> Queued:
    """Enqueue the sync of a session. One that is syncing without a job (it was cancelled) starts again just so; `restart`

    starts another beside a job that still runs.

    Raises BadSession (422) with too few cameras, SessionStateConflict (409).
    """
    automation_id = new_id()
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        sources = SessionSources(tuple(asset.camera for asset in await sessions.assets(tx, session_id)))
        chosen = master or session.master_camera  # None: the rule proposes one when the sound has been heard
        check_master(sources, chosen)
        hangs = session.state == "syncing" and (restart or not await has_sync_job(tx, session_id))
        if not hangs:
            await move_session(tx, services, session, "sync-started", actor=actor, master_camera=chosen)
        payload = {"sessionId": session_id, "master": chosen, "actor": actor}
        job_id = await services.queue.add(tx, QUEUE, SYNC_JOB, payload, automation_id=automation_id)
    return Queued(job_id, automation_id)
