"""Turn the executions into what an operator looks at: the jobs of an automation, the age of the oldest waiting one."""

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


async def oldest_waiting_s(conn: AsyncConnection, queue: str) -> float:
    """Return for how many seconds the longest-waiting due job of `queue` has waited; 0 if none waits."""
    return float(await conn.scalar(_OLDEST, {"queue": queue}) or 0)
