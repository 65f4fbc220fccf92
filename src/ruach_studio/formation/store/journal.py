"""Append to the journal, read one enrollment's back, and follow the whole of it without missing a late commit.

The table is append-only (trigger), and the SQL functions `append_event` and `append_events` are its only writers: they take
the user's turn, look at the sliding one-second window (decision F3) and the enrollment's version, and write. Versions are
gapless per enrollment.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from psycopg.rows import tuple_row
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.store.tables import JOURNAL
from ruach_studio.infra.context import current
from ruach_studio.kernel.errors import Conflict, NotFound

_TURN = sa.text("SELECT formation.take_turn(:user_id)")
_ONE = (
    "SELECT formation.append_event(%b::uuid, %b::uuid, %t::text, %t::text, %t::text, %b::timestamptz, %t::jsonb,"
    " %b::uuid, %b::bigint)"
)
_MANY = "SELECT o_version, o_duplicate_of, o_found FROM formation.append_events(%b::jsonb, %b::uuid, %b::bigint)"
# xmin: the oldest transaction still open. Whatever is below it can no longer appear behind the cursor.
_AHEAD = sa.text(
    "SELECT CAST(xid AS text) AS xid, pos, event_id, enrollment_id, version, user_id, event_type, content_id, occurred_at,"
    " recorded_at, correlation_id, data FROM formation.journal"
    " WHERE (xid, pos) > (CAST(:xid AS xid8), CAST(:pos AS bigint)) AND xid < pg_snapshot_xmin(pg_current_snapshot())"
    " ORDER BY journal.xid, journal.pos LIMIT :limit"  # qualified: the bare name would be the text, and order 10 before 9
)


class DuplicateEvent(Conflict):
    """The same event was accepted less than a second before or after."""

    code = "duplicate_event"


class JournalMoved(Conflict):
    """The journal went on since it was read."""

    code = "journal_moved"
    retryable = True


class EnrollmentNotFound(NotFound):
    """There is no such enrollment."""

    code = "enrollment_not_found"


@dataclass(frozen=True, slots=True)
class Appended:
    """`version` of the event in its enrollment, or None with the id of the accepted event that it repeats."""

    version: int | None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come: the last row's transaction id and position."""

    xid: int = 0
    pos: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A journal event as it stands in the table."""

    cursor: Cursor
    version: int
    event: JournalEvent
    recorded_at: datetime
    correlation_id: str | None


async def take_turn(tx: AsyncConnection, user_id: str) -> None:
    """Let one writer per user go on until the transaction ends. Take it before locking any row of that user."""
    await tx.execute(_TURN, {"user_id": user_id})


async def append(tx: AsyncConnection, event: JournalEvent, *, expected_version: int | None = None) -> Appended:
    """Write one checked event. Raises BadInput as `checked` does, EnrollmentNotFound, JournalMoved (another version).

    An event less than 1.000 s from an accepted one with the same user, type and content is not written: `duplicate_of`.
    """
    return (await append_many(tx, [event], expected_version=expected_version))[0]


async def append_many(
    tx: AsyncConnection, events: Sequence[JournalEvent], *, expected_version: int | None = None
) -> list[Appended]:
    """Write checked events in the order given, in one statement, each as `append` does."""
    # the driver's own cursor: this is the hottest statement of the pillar, and SQLAlchemy's would cost as much as the append
    connection: psycopg.AsyncConnection[Any] = (await tx.get_raw_connection()).driver_connection  # type: ignore[assignment]
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(*statement(events, expected_version), prepare=True)
        return outcome(events, await cursor.fetchall(), expected_version)


def statement(events: Sequence[JournalEvent], expected_version: int | None = None) -> tuple[LiteralString, tuple[Any, ...]]:
    """Return the SQL that appends, and its values. Raises BadInput as `checked` does.

    One event has a function of its own, at some four fifths of the cost of a list of one.
    """
    for event in events:
        checked(event, allow_control=True)
    correlation_id = current().correlation_id
    if len(events) == 1:
        e = events[0]
        return _ONE, (e.event_id, e.enrollment_id, e.user_id, e.event_type, e.content_id, e.occurred_at,
                      json.dumps(dict(e.data)), correlation_id, expected_version)  # fmt: skip
    given = [{"id": e.event_id, "n": e.enrollment_id, "u": e.user_id, "t": e.event_type, "c": e.content_id,
              "at": e.occurred_at.isoformat(), "d": dict(e.data)} for e in events]  # fmt: skip
    return _MANY, (json.dumps(given), correlation_id, expected_version)


def outcome(events: Sequence[JournalEvent], rows: Sequence[Any], expected_version: int | None = None) -> list[Appended]:
    """Return what the rows of the statement say of its events. Raises EnrollmentNotFound, JournalMoved."""
    if len(events) == 1:
        what, _, which = rows[0][0].partition(" ")
        if what == "written":
            return [Appended(int(which))]
        rows = [(None, which if what == "repeats" else None, None if what == "missing" else which)]
        moved = what == "moved"
    else:
        moved = expected_version is not None and rows[0][2] not in (None, expected_version)
    for event, (_, _, found) in zip(events, rows, strict=False):  # one row only where the version was another
        if found is None:
            raise EnrollmentNotFound(subject=event.enrollment_id, remedy="Enroll first.")
        if moved:
            raise JournalMoved(
                f"it is at version {found}, {expected_version} was expected", subject=event.enrollment_id,
                remedy="Read it again and decide anew.",
            )  # fmt: skip
    return [Appended(version, None if repeats is None else str(repeats)) for version, repeats, _ in rows]


async def read(
    conn: AsyncConnection, enrollment_id: str, *, after: int = 0, limit: int | None = None
) -> list[tuple[int, JournalEvent]]:
    """Return (version, event) of one enrollment, oldest first, without the first `after`, at most `limit`."""
    wanted = (JOURNAL.c.enrollment_id == enrollment_id) & (JOURNAL.c.version > after)
    rows = await conn.execute(sa.select(JOURNAL).where(wanted).order_by(JOURNAL.c.version).limit(limit))
    return [(row.version, _event(row)) for row in rows]


async def stands(conn: AsyncConnection, user_id: str, event_type: str, content_id: str) -> bool:
    """Say whether the user has an event of that type and content, whenever it was."""
    columns = {"user_id": user_id, "event_type": event_type, "content_id": content_id}
    wanted = sa.and_(*(JOURNAL.c[name] == value for name, value in columns.items()))
    return await conn.scalar(sa.select(JOURNAL.c.event_id).where(wanted).limit(1)) is not None


async def read_ahead(conn: AsyncConnection, cursor: Cursor, limit: int) -> tuple[list[Recorded], Cursor]:
    """Return the next events of all enrollments in the order they were committed to, and the cursor behind them."""
    rows = await conn.execute(_AHEAD, {"xid": str(cursor.xid), "pos": cursor.pos, "limit": limit})
    found = [
        Recorded(
            Cursor(int(row.xid), row.pos), row.version, _event(row), row.recorded_at,
            None if row.correlation_id is None else str(row.correlation_id),
        )
        for row in rows
    ]  # fmt: skip
    return found, found[-1].cursor if found else cursor


async def reachable(conn: AsyncConnection) -> bool:
    """Say whether the journal table answers (the pillar's readiness)."""
    await conn.execute(sa.select(JOURNAL.c.event_id).limit(1))
    return True


def _event(row: Any) -> JournalEvent:
    return JournalEvent(
        str(row.event_id), row.user_id, str(row.enrollment_id), row.event_type, row.content_id, row.occurred_at, row.data
    )
