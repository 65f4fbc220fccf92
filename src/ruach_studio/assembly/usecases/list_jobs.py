"""Turn a session into its jobs, newest first, or one of them."""

from typing import Any

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions
from ruach_studio.infra.queues import JobNotFound, list_of_session

QUEUES = ("assembly-jobs", "media-transcoding")


async def list_jobs(services: AssemblyServices, session_id: str) -> list[dict[str, Any]]:
    """Return the executions of the session's jobs with their latest progress. Raises SessionNotFound."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        return await list_of_session(conn, session_id, queues=QUEUES)


async def find_job(services: AssemblyServices, session_id: str, job_id: str) -> dict[str, Any]:
    """Return one of the session's jobs. Raises SessionNotFound, JobNotFound (also for another session's job)."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        found = await list_of_session(conn, session_id, queues=QUEUES, job_id=job_id)
    if not found:
        raise JobNotFound(subject=job_id, remedy="List the session's jobs.")
    return found[0]
