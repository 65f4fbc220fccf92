"""The SQL of assembly's part of a story: which syncs and EDLs a session got."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_SYNCS = text(
    "SELECT session_id, version, origin, created_by AS actor, created_at AS at FROM assembly.sync_version"
    " WHERE session_id = ANY(:sessions)"
)
_APPROVALS = text(
    "SELECT session_id, version, approved_by AS actor, approved_at AS at FROM assembly.sync_approval"
    " WHERE session_id = ANY(:sessions)"
)
_EDLS = text(
    "SELECT session_id, version, source, rules_version, sync_version, author AS actor, created_at AS at"
    " FROM assembly.edl_version WHERE session_id = ANY(:sessions)"
)
_EXISTS = text("SELECT EXISTS (SELECT 1 FROM assembly.session WHERE session_id = :id)")


async def exists(conn: AsyncConnection, session_id: str) -> bool:
    """Say whether there is such a session."""
    return bool(await conn.scalar(_EXISTS, {"id": session_id}))


async def of_sessions(conn: AsyncConnection, session_ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """Return {"sync": …, "approval": …, "edl": …} of these sessions, in no order."""
    given = {"sessions": sorted(session_ids)}
    statements = {"sync": _SYNCS, "approval": _APPROVALS, "edl": _EDLS}
    return {kind: list(await conn.execute(statement, given)) for kind, statement in statements.items()}
