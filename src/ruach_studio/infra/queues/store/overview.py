"""Turn the executions into what an operator looks at: the jobs of an automation, the age of the oldest waiting one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LIST = text(
    "SELECT id, queue, name, state, attempt, retry_of, automation_id, correlation_id, priority, payload, progress, error,"
    " result, created_at, run_at, started_at, finished_at FROM platform.execution"
    " WHERE (CAST(:automation_id AS text) IS NULL OR automation_id = :automation_id)"
    " AND (CAST(:queue AS text) IS NULL OR queue = :queue) AND (CAST(:state AS text) IS NULL OR state = :state)"
    " ORDER BY created_at DESC, id LIMIT :limit"
)
_OPEN = text(
    "SELECT payload FROM platform.execution WHERE queue = :queue AND name = :name AND state IN ('queued', 'running')"
)
_OF_SESSION = text(
    "SELECT id, queue, name, state, attempt, retry_of, automation_id, correlation_id, priority, payload, progress, error,"
    " result, created_at, run_at, started_at, finished_at FROM platform.execution"
    " WHERE payload ->> 'sessionId' = :session_id AND queue = ANY(:queues)"
    " AND (CAST(:job_id AS text) IS NULL OR id = :job_id) ORDER BY created_at DESC, id LIMIT :limit"
)
_STATES = text("SELECT id, state FROM platform.execution WHERE id = ANY(:ids)")
_SUCCESSOR = text("SELECT id FROM platform.execution WHERE retry_of = :id")
_OLDEST = text(
    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(run_at)), 0) FROM platform.execution"
    " WHERE queue = :queue AND state = 'queued' AND run_at <= clock_timestamp()"
)


async def list_executions(
    conn: AsyncConnection, *, automation_id: str | None = None, queue: str | None = None, state: str | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the newest executions that match, as dicts with the columns' names; times are aware datetimes."""
    given = {"automation_id": automation_id, "queue": queue, "state": state, "limit": limit}
    return [dict(row._mapping) for row in await conn.execute(_LIST, given)]


async def states_of(conn: AsyncConnection, job_ids: Sequence[str]) -> dict[str, str]:
    """Return the state of each job by id; one that was never enqueued is left out."""
    rows = await conn.execute(_STATES, {"ids": list(job_ids)})
    return {row.id: row.state for row in rows}


async def successor_of(conn: AsyncConnection, job_id: str) -> str | None:
    """Return the id of the retry of a failed execution, if there is one."""
    found = await conn.scalar(_SUCCESSOR, {"id": job_id})
    return None if found is None else str(found)


async def open_payloads(conn: AsyncConnection, queue: str, name: str) -> list[dict[str, Any]]:
    """Return the payloads of the jobs `name` of `queue` that wait or run."""
    rows = await conn.execute(_OPEN, {"queue": queue, "name": name})
    return [dict(payload) for payload in rows.scalars()]


async def list_of_session(
    conn: AsyncConnection, session_id: str, *, queues: Sequence[str], job_id: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Return the newest executions of `queues` (or only `job_id`) whose payload names the session."""
    given = {"session_id": session_id, "queues": list(queues), "job_id": job_id, "limit": limit}
    return [dict(row._mapping) for row in await conn.execute(_OF_SESSION, given)]


async def oldest_waiting_s(conn: AsyncConnection, queue: str) -> float:
    """Return for how many seconds the longest-waiting due job of `queue` has waited; 0 if none waits."""
    return float(await conn.scalar(_OLDEST, {"queue": queue}) or 0)
