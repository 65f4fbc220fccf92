"""Turn sessions that are syncing without a job into sessions at their footage: nothing waits for what will never come.

A session is committed as syncing together with its job, and leaves it together with the job's last failure. Only a job that
is taken away while it waits (cancelled, removed from the queue) says nothing; this finds those sessions. Every worker looks
every 2 s; request_sync.py looks too, so that a person need not wait for a worker.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.usecases.fail_sync import fail_sync
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues import open_payloads

QUEUE = "assembly-jobs"
SYNC_JOB = "sync"
REASON = "its sync job was cancelled or removed before it ended"

log = get_logger(__name__)


async def free_sessions(services: AssemblyServices, *, actor: str) -> list[str]:
    """Move every session that is syncing without a job back to ingesting; return their ids."""
    async with services.database.connection() as conn:
        syncing = await sessions.in_state(conn, "syncing")
    freed = []
    for session_id in syncing:
        async with services.database.transaction() as tx:
            session = await sessions.get(tx, session_id, lock=True)
            if session.state == "syncing" and not await has_sync_job(tx, session_id):
                await fail_sync(tx, services, session_id, actor=actor, reason=REASON)
                freed.append(session_id)
    if freed:
        log.warning("sessions.freed", sessions=freed)
    return freed


async def has_sync_job(conn: AsyncConnection, session_id: str) -> bool:
    """Say whether a sync of the session waits or runs."""
    return any(payload.get("sessionId") == session_id for payload in await open_payloads(conn, QUEUE, SYNC_JOB))
