"""The SQL of reading the outbox from a position on, without skipping a late commit (see store.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope

_FIELDS = (
    "CAST(xid AS text) AS xid, id, event_id, event_type, version, occurred_at, correlation_id, automation_id,"
    " payload - 'edl' AS payload"
)
_SETTLED = "outbox.xid < pg_snapshot_xmin(pg_current_snapshot())"
# "outbox." throughout: the bare name would be the text of the output column, and order 10 before 9
_HEAD = text(
    f"SELECT CAST(xid AS text) AS xid, id FROM platform.outbox WHERE {_SETTLED}"  # noqa: S608
    " ORDER BY outbox.xid DESC, outbox.id DESC LIMIT 1"
)
_BETWEEN = text(
    f"SELECT {_FIELDS} FROM platform.outbox"  # noqa: S608
    " WHERE (outbox.xid, outbox.id) > (CAST(:xid AS xid8), CAST(:id AS bigint))"
    " AND (outbox.xid, outbox.id) <= (CAST(:head_xid AS xid8), CAST(:head_id AS bigint)) AND event_type = ANY(:types)"
    " ORDER BY outbox.xid, outbox.id LIMIT :limit"
)
_NEWEST = text(
    f"SELECT {_FIELDS} FROM platform.outbox WHERE {_SETTLED} AND event_type = ANY(:types)"  # noqa: S608
    " ORDER BY outbox.xid DESC, outbox.id DESC LIMIT :limit"
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the outbox: after the row (transaction id, id)."""

    xid: int = 0
    outbox_id: int = 0


async def head(conn: AsyncConnection) -> Position:
    """Return the last place that no late commit can come before."""
    row = (await conn.execute(_HEAD)).one_or_none()
    return Position() if row is None else Position(int(row.xid), row.id)


async def between(
    conn: AsyncConnection, after: Position, until: Position, types: Sequence[str], limit: int
) -> list[tuple[Position, Envelope]]:
    """Return the first `limit` events of `types` after one place and up to another, in order, without their `edl`."""
    given = {
        "xid": str(after.xid), "id": after.outbox_id, "head_xid": str(until.xid), "head_id": until.outbox_id,
        "types": list(types), "limit": limit,
    }  # fmt: skip
    return [_event(row) for row in await conn.execute(_BETWEEN, given)]


async def newest(conn: AsyncConnection, types: Sequence[str], limit: int) -> list[tuple[Position, Envelope]]:
    """Return the last `limit` events of `types`, in order, without their `edl`."""
    rows = (await conn.execute(_NEWEST, {"types": list(types), "limit": limit})).all()
    return [_event(row) for row in reversed(rows)]


def _event(row: Row[Any]) -> tuple[Position, Envelope]:
    envelope = Envelope(
        event_id=row.event_id, event_type=row.event_type, version=row.version, occurred_at=row.occurred_at,
        correlation_id=row.correlation_id, automation_id=row.automation_id, payload=row.payload,
    )  # fmt: skip
    return Position(int(row.xid), row.id), envelope
