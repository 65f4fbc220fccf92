"""Keep how far each record store has come in the journal, what it refused, and where each event stood."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store.journal import Cursor
from ruach_studio.formation.store.tables import ENROLLMENT, JOURNAL, XAPI_PARKED
from ruach_studio.formation.xapi import Earlier, Place
from ruach_studio.kernel.errors import Conflict

_LOAD = sa.text("SELECT CAST(xid AS text) AS xid, pos FROM formation.xapi_cursor WHERE sink = :sink")
_MOVE = sa.text(
    "INSERT INTO formation.xapi_cursor AS c (sink, xid, pos, sent, moved_at)"
    " VALUES (:sink, CAST(:xid AS xid8), :pos, :sent, :at) ON CONFLICT (sink) DO UPDATE"
    " SET xid = excluded.xid, pos = excluded.pos, sent = c.sent + excluded.sent, moved_at = excluded.moved_at"
    " WHERE c.xid = CAST(:from_xid AS xid8) AND c.pos = :from_pos"
)
_BEHIND = sa.text(
    "SELECT count(*) AS events, min(recorded_at) AS oldest FROM formation.journal"
    " WHERE (xid, pos) > (CAST(:xid AS xid8), CAST(:pos AS bigint))"
)
# The graph version in force: the last enrolled or graph_migrated event up to the one in question.
_PLACED = sa.text(
    "SELECT t.enrollment_id, t.version, (SELECT coalesce(p.data ->> 'graphVersion', p.data ->> 'toVersion')::int"
    " FROM formation.journal p WHERE p.enrollment_id = t.enrollment_id AND p.version <= t.version"
    " AND p.event_type IN ('enrolled', 'graph_migrated') ORDER BY p.version DESC LIMIT 1) AS graph_version"
    " FROM unnest(CAST(:enrollments AS uuid[]), CAST(:versions AS bigint[])) AS t (enrollment_id, version)"
)


class CursorMoved(Conflict):
    """Another process has sent to this learning record store meanwhile."""

    code = "xapi_cursor_moved"


@dataclass(frozen=True, slots=True)
class Parked:
    """A statement that a record store refused: of which event, with which HTTP status, and what it said."""

    event_id: str
    enrollment_id: str
    version: int
    statement_id: str
    status: int
    answer: str
    parked_at: datetime


async def load(conn: AsyncConnection, sink: str) -> Cursor:
    """Return how far a sink has come; a new one is at the beginning of the journal."""
    row = (await conn.execute(_LOAD, {"sink": sink})).one_or_none()
    return Cursor() if row is None else Cursor(int(row.xid), row.pos)


async def move(tx: AsyncConnection, sink: str, before: Cursor, after: Cursor, *, sent: int, at: datetime) -> None:
    """Move a sink's cursor on from `before`. Raises CursorMoved if somebody else has moved it."""
    moved = await tx.execute(_MOVE, {
        "sink": sink, "xid": str(after.xid), "pos": after.pos, "sent": sent, "at": at, "from_xid": str(before.xid),
        "from_pos": before.pos,
    })  # fmt: skip
    if moved.rowcount != 1:
        raise CursorMoved(subject=sink, remedy="Let the other sender finish, or stop it.")


async def behind(conn: AsyncConnection, cursor: Cursor) -> tuple[int, datetime | None]:
    """Return how many journal events lie behind the cursor, and when the oldest of them was recorded."""
    row = (await conn.execute(_BEHIND, {"xid": str(cursor.xid), "pos": cursor.pos})).one()
    return row.events, row.oldest


async def park(tx: AsyncConnection, sink: str, refused: Iterable[Parked]) -> None:
    """Write what a sink refused; refused again, the newer answer stands."""
    for each in refused:
        values: dict[str, Any] = {name: getattr(each, name) for name in Parked.__slots__}
        news = {name: values[name] for name in ("status", "answer", "parked_at")}
        row = upsert(XAPI_PARKED).values(sink=sink, **values)
        await tx.execute(row.on_conflict_do_update(index_elements=["sink", "event_id"], set_=news))


async def release(tx: AsyncConnection, sink: str, event_ids: Sequence[str]) -> None:
    """Take from the parked ones what the sink has now."""
    gone = (XAPI_PARKED.c.sink == sink) & XAPI_PARKED.c.event_id.in_(event_ids)
    await tx.execute(XAPI_PARKED.delete().where(gone))


async def parked(conn: AsyncConnection, sink: str) -> list[Parked]:
    """Return what a sink refused, the oldest first."""
    columns = [XAPI_PARKED.c[name] for name in Parked.__slots__]
    statement = (
        sa.select(*columns).where(XAPI_PARKED.c.sink == sink).order_by(XAPI_PARKED.c.parked_at, XAPI_PARKED.c.event_id)
    )
    return [Parked(**row._mapping) for row in await conn.execute(statement)]


async def recorded(conn: AsyncConnection, event_ids: Sequence[str]) -> list[tuple[int, JournalEvent]]:
    """Return the named events with their versions, the earlier ones first."""
    rows = await conn.execute(sa.select(JOURNAL).where(JOURNAL.c.event_id.in_(event_ids)).order_by(JOURNAL.c.recorded_at))
    return [
        (row.version, JournalEvent(row.event_id, row.user_id, row.enrollment_id, row.event_type, row.content_id,
                                   row.occurred_at, row.data))
        for row in rows
    ]  # fmt: skip


async def earlier(conn: AsyncConnection, events: Iterable[JournalEvent]) -> Earlier:
    """Return all that the `voided` ones among `events` reach back to, link by link."""
    found: dict[str, tuple[int, JournalEvent]] = {}
    wanted = _voids(events)
    while wanted:
        news = {event.event_id: (version, event) for version, event in await recorded(conn, sorted(wanted))}
        found |= news
        wanted = _voids(event for _, event in news.values()) - found.keys()
    return found


async def places(conn: AsyncConnection, events: Sequence[tuple[int, JournalEvent]]) -> Mapping[tuple[str, int], Place]:
    """Return where each (enrollment, version) stood: its path, and the graph version then in force."""
    ids = sorted({event.enrollment_id for _, event in events})
    found = await conn.execute(sa.select(ENROLLMENT).where(ENROLLMENT.c.enrollment_id.in_(ids)))
    pinned = {row.enrollment_id: (row.path_id, row.graph_version) for row in found}
    given = {"enrollments": [event.enrollment_id for _, event in events], "versions": [version for version, _ in events]}
    placed: dict[tuple[str, int], Place] = {}
    for row in await conn.execute(_PLACED, given):
        path_id, newest = pinned[str(row.enrollment_id)]
        placed[str(row.enrollment_id), row.version] = Place(path_id, row.graph_version or newest)
    return placed


def _voids(events: Iterable[JournalEvent]) -> set[str]:
    """Return the ids that voided events name; anything that is no UUID names nothing."""
    named = {str(event.data["eventId"]).lower() for event in events if event.event_type == "voided"}
    return {name for name in named if len(name) == 36 and set(name) <= set("0123456789abcdef-")}
