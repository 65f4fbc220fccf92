"""Read the journal the quick way: as the rows that the reducer reads, from the index alone.

Column `brief` of an event is one JSON row [type, content id, microseconds since 1970, payload]; migration 0006 makes it and
leaves out fields that the reducer never reads. It is part of the index (enrollment, version), so that the rows of one lie
side by side there. Where it is NULL, being too long for an index, the row is made from the event itself. Rows have no event
ids: where a `voided` event stands among them, the events themselves are read (store/journal.py).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.state import FormationState, NeedsWholeJournal, Stretch, replay, replay_rows
from ruach_studio.formation.store import journal

# the inner SELECT's order is the index's; an aggregate with ORDER BY of its own would sort once more
_BRIEFS = sa.text(
    "SELECT (SELECT user_id FROM formation.enrollment WHERE enrollment_id = :enrollment_id) AS user_id,"
    " string_agg(coalesce(brief, 'null'), ',') AS rows FROM (SELECT brief FROM formation.journal"
    " WHERE enrollment_id = :enrollment_id AND version > :after ORDER BY version) b"
)
_LONG = sa.text(
    "SELECT version, event_type, content_id, (extract(epoch FROM occurred_at) * 1000000)::bigint AS us, data"
    " FROM formation.journal WHERE enrollment_id = :enrollment_id AND version > :after AND brief IS NULL"
)
_ALTERED = sa.text(
    "SELECT version FROM formation.journal WHERE enrollment_id = :enrollment_id"
    " AND brief IS DISTINCT FROM formation.brief(event_type, content_id, occurred_at, data) ORDER BY version"
)


async def read(conn: AsyncConnection, enrollment_id: str, *, after: int = 0) -> Stretch:
    """Return the rows of one enrollment behind number `after`; none for an enrollment that there is not."""
    wanted = {"enrollment_id": enrollment_id, "after": after}
    found = (await conn.execute(_BRIEFS, wanted)).one()
    rows: list[Any] = orjson.loads(f"[{found.rows or ''}]")
    if None in rows:
        put_long(rows, after, ((row.version, [row.event_type, row.content_id, row.us, row.data])
                               for row in await conn.execute(_LONG, wanted)))  # fmt: skip
    return Stretch(enrollment_id, found.user_id or "", after, rows)


async def altered(conn: AsyncConnection, enrollment_id: str) -> list[int]:
    """Return the numbers of events whose quick row is not what the event says: one of the two was changed by hand."""
    return list((await conn.execute(_ALTERED, {"enrollment_id": enrollment_id})).scalars())


def put_long(rows: list[Any], after: int, long: Iterable[tuple[int, list[Any]]]) -> None:
    """Put the rows that were too long for the index into their places."""
    for version, row in long:
        rows[version - after - 1] = row


async def replay_stored(
    conn: AsyncConnection, enrollment_id: str, *, as_of: datetime | None = None, start: FormationState | None = None
) -> FormationState:
    """Return the state of an enrollment as of a date, default now, reading only what follows on `start` if it can."""
    try:
        stretch = await read(conn, enrollment_id, after=0 if start is None else start.journal_version)
        return replay_rows(stretch, as_of=as_of, start=start)
    except NeedsWholeJournal:
        return replay(await journal.read(conn, enrollment_id), as_of=as_of)
