"""Turn a session into its jobs, newest first, or one of them: as the platform's register of jobs has them.

Two things only this pillar knows of render's jobs: one that render has not heard of yet is shown from its row; one that was
withdrawn is cancelled, whether or not render has heard of that.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import derivatives, sessions
from ruach_studio.assembly.store.derivatives import DerivativeRow
from ruach_studio.infra.queues import JobNotFound, list_of_session, states_of
from ruach_studio.infra.queues.port import TERMINAL
from ruach_studio.kernel.derivative import RECIPES

TRANSCODING = "media-transcoding"
QUEUES = ("assembly-jobs", TRANSCODING)


async def list_jobs(services: AssemblyServices, session_id: str) -> list[dict[str, Any]]:
    """Return the executions of the session's jobs with their latest progress. Raises SessionNotFound."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        asked = [row for row in await derivatives.unfinished(conn) if row.facts.get("sessionId") == session_id]
        found = await list_of_session(conn, session_id, queues=QUEUES)
        known = await states_of(conn, [str(row.job_id) for row in asked]) if asked else {}
        missing = [row for row in asked if row.job_id not in known]
        return [*map(_shown, missing), *await _as_withdrawn(conn, found)]


async def find_job(services: AssemblyServices, session_id: str, job_id: str) -> dict[str, Any]:
    """Return one of the session's jobs. Raises SessionNotFound, JobNotFound (also for another session's job)."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        row = await derivatives.by_job(conn, job_id)
        found = await _as_withdrawn(conn, await list_of_session(conn, session_id, queues=QUEUES, job_id=job_id))
    if found:
        return found[0]
    if row is None or row.facts.get("sessionId") != session_id:
        raise JobNotFound(subject=job_id, remedy="List the session's jobs.")
    return _shown(row)


async def _as_withdrawn(conn: AsyncConnection, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the executions, those cancelled that were withdrawn and do not know it yet."""
    names = {
        str(each["payload"].get("derivativeId"))
        for each in found
        if each["queue"] == TRANSCODING and each["state"] not in TERMINAL
    }
    rows = await derivatives.find(conn, sorted(names)) if names else {}
    gone: Mapping[str | None, DerivativeRow] = {row.job_id: row for row in rows.values() if row.state == "cancelled"}
    return [
        {**each, "state": "cancelled", "finished_at": gone[each["id"]].updated_at}
        if each["id"] in gone and each["state"] not in TERMINAL
        else each
        for each in found
    ]


def _shown(row: DerivativeRow) -> dict[str, Any]:
    """Return a job that is on its way to render in the form of the others."""
    payload = {
        "sessionId": row.facts.get("sessionId"), "derivativeId": row.derivative_id, "kind": row.kind,
        "path": row.source_path, "recipe": RECIPES[row.kind], "actor": row.requested_by,
    }  # fmt: skip
    return {
        "id": row.job_id, "queue": TRANSCODING, "name": "derive", "attempt": 1, "retry_of": None, "payload": payload,
        "state": "cancelled" if row.state == "cancelled" else "queued", "automation_id": row.facts.get("automationId"),
        "progress": None, "error": None, "result": None, "created_at": row.updated_at, "started_at": None,
        "finished_at": row.updated_at if row.state == "cancelled" else None,
    }  # fmt: skip
