"""Read dead letters for operators: a page by filters, one by id, and the short form by which alarms are counted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.queues.store.dead_letters import FIELDS
from ruach_studio.kernel.playbook import Letter

COUNTED_FOR = timedelta(days=30)
_MOST_COUNTED = 5000
_BY_ID = text(f"SELECT {FIELDS} FROM platform.dead_letter WHERE id = :id")  # noqa: S608
_LOCKED = text(f"SELECT {FIELDS} FROM platform.dead_letter WHERE id = :id FOR UPDATE")  # noqa: S608
_PAGE = text(
    f"SELECT {FIELDS} FROM platform.dead_letter"  # noqa: S608
    " WHERE (CAST(:queue AS text) IS NULL OR queue = :queue)"
    " AND (CAST(:cause AS text) IS NULL"
    " OR coalesce(triage->>'cause', CASE WHEN triage IS NULL THEN 'unknown' ELSE 'ours' END) = :cause)"
    " AND (CAST(:session AS text) IS NULL OR payload->>'sessionId' = :session)"
    " AND (CAST(:resolved AS boolean) IS NULL OR (resolved_at IS NOT NULL) = :resolved)"
    " AND (CAST(:before AS text) IS NULL OR (created_at, id) <"
    " (SELECT created_at, id FROM platform.dead_letter WHERE id = :before))"
    " ORDER BY created_at DESC, id DESC LIMIT :limit"
)
_RECENT = text(
    "SELECT id, kind, name, subject, payload->>'sessionId' AS session_id, error->>'code' AS code,"
    " left(error->>'message', 500) AS message, coalesce(error->'details', '{}') AS details, facts, created_at,"
    " jsonb_path_query_array(attempts, '$[*].finishedAt') AS failed_at FROM platform.dead_letter"
    " WHERE queue = :queue AND created_at > (SELECT created_at FROM platform.dead_letter WHERE id = :id) - :window"
    " ORDER BY created_at DESC LIMIT :limit"
)
_LAST_DONE = text(
    "SELECT max(finished_at) FROM platform.execution WHERE queue = :queue AND name = :name AND state = 'completed'"
    " AND finished_at > clock_timestamp() - :window"
)


async def page(
    conn: AsyncConnection, *, queue: str | None, cause: str | None, session: str | None, resolved: bool | None,
    before: str | None, limit: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return letters, newest first, those after the letter `before`. `cause`: a number, "ours" or "unknown"."""
    given = {
        "queue": queue, "cause": cause, "session": session, "resolved": resolved, "before": before, "limit": limit,
    }  # fmt: skip
    return [dict(row._mapping) for row in await conn.execute(_PAGE, given)]


async def by_id(conn: AsyncConnection, letter_id: str, *, lock: bool = False) -> dict[str, Any] | None:
    """Return a letter by its own id, or None."""
    row = (await conn.execute(_LOCKED if lock else _BY_ID, {"id": letter_id})).one_or_none()
    return None if row is None else dict(row._mapping)


async def counted(conn: AsyncConnection, letter: Mapping[str, Any]) -> list[Letter]:
    """Return the letters of the same queue from 30 days before `letter` on, itself included, at most 5000."""
    given = {"queue": letter["queue"], "id": letter["id"], "window": COUNTED_FOR, "limit": _MOST_COUNTED}
    return [
        Letter(
            row.id, row.name, row.code or "", row.message or "", _subject(row.session_id, row.subject), row.created_at,
            tuple(datetime.fromisoformat(at) for at in row.failed_at if at), row.details, row.facts,
        )
        for row in await conn.execute(_RECENT, given)
    ]  # fmt: skip


async def last_done(conn: AsyncConnection, queue: str, name: str) -> datetime | None:
    """Return when a job of this kind was last completed, within 30 days."""
    found: datetime | None = await conn.scalar(_LAST_DONE, {"queue": queue, "name": name, "window": COUNTED_FOR})
    return found


def _subject(session_id: str | None, subject: Mapping[str, Any] | None) -> str:
    """Return whom a letter is about: the session where there is one, else what its kind of job is about."""
    if session_id is not None:
        return f"session {session_id}"
    return ", ".join(f"{name} {value}" for name, value in sorted((subject or {}).items()))
