"""The SQL of formation's part of a story: what the journals of some enrollments say."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_KNOWN = text("SELECT CAST(e.enrollment_id AS text) FROM formation.enrollment e WHERE CAST(e.enrollment_id AS text) = :id")
_REQUESTS = text(
    "SELECT DISTINCT CAST(correlation_id AS text) FROM formation.journal"
    " WHERE enrollment_id = ANY(CAST(:enrollments AS uuid[])) AND correlation_id IS NOT NULL"
)
# By enrollment: the journal has no index by request, since every event that is written would pay for it.
_EVENTS = text(
    "SELECT CAST(enrollment_id AS text) AS enrollment_id, version, event_type, content_id, recorded_at,"
    " CAST(correlation_id AS text) AS correlation_id FROM formation.journal"
    " WHERE enrollment_id = ANY(CAST(:enrollments AS uuid[]))"
    " AND (:whole OR correlation_id = ANY(CAST(:correlations AS uuid[]))) ORDER BY recorded_at DESC LIMIT :limit"
)


async def exists(conn: AsyncConnection, enrollment_id: str) -> bool:
    """Say whether there is such an enrollment; anything may be asked."""
    return (await conn.execute(_KNOWN, {"id": enrollment_id})).first() is not None


async def requests_of(conn: AsyncConnection, enrollments: Collection[str]) -> list[str]:
    """Return the correlation ids of everything that these journals hold."""
    return list((await conn.execute(_REQUESTS, {"enrollments": sorted(enrollments)})).scalars())


async def events(
    conn: AsyncConnection, enrollments: Collection[str], correlations: Collection[str], *, whole: bool, limit: int
) -> list[Row[Any]]:
    """Return the newest events of these journals; unless `whole`, only those of the requests `correlations`."""
    given = {"enrollments": sorted(enrollments), "correlations": sorted(correlations), "whole": whole, "limit": limit}
    return list(await conn.execute(_EVENTS, given))
