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
_VALUES = "(%b::uuid, %b::uuid, %t::text, %t::text, %t::text, %b::timestamptz, %t::jsonb, %b::uuid, %b::bigint)"
_ONE: LiteralString = "SELECT formation.append_event" + _VALUES
_ONE_NOW: LiteralString = "SELECT formation.append_event_now" + _VALUES
_MANY = "SELECT formation.append_events(%b::jsonb, %b::boolean)"
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
class Part:
    """Events of one enrollment, the version that it must have before them (None for any), and who asked."""

    events: Sequence[JournalEvent]
    expected_version: int | None = None
    correlation_id: str | None = None


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
    if not events:
        return []
    return told(events, await run(tx, *statement(events, expected_version)), expected_version)


async def run(conn: AsyncConnection, sql: LiteralString, values: tuple[Any, ...]) -> list[str]:
    """Return what one of the statements below says, a word or two for each of its events."""
    # the driver's own cursor: this is the hottest statement of the pillar, and SQLAlchemy's would cost as much as the append
    driver: psycopg.AsyncConnection[Any] = (await conn.get_raw_connection()).driver_connection  # type: ignore[assignment]
    async with driver.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(sql, values, prepare=True)
        return said(await cursor.fetchall())


def statement(events: Sequence[JournalEvent], expected_version: int | None = None) -> tuple[LiteralString, tuple[Any, ...]]:
    """Return the SQL that appends under the context's correlation id, and its values. Raises BadInput as `checked` does."""
    for event in events:
        checked(event, allow_control=True)
    return of_parts([Part(events, expected_version, current().correlation_id)], wait=True)


def of_parts(parts: Sequence[Part], *, wait: bool) -> tuple[LiteralString, tuple[Any, ...]]:
    """Return the SQL that appends the checked events of several parts, no enrollment in two of them, and its values.

    Without `wait`, the events of a user whose turn another has are "busy" and not written. One event has functions of its
    own, at less cost than a list of one.
    """
    if len(parts) == 1 and len(parts[0].events) == 1:
        e = parts[0].events[0]
        return _ONE if wait else _ONE_NOW, (
            e.event_id, e.enrollment_id, e.user_id, e.event_type, e.content_id, e.occurred_at, json.dumps(dict(e.data)),
            parts[0].correlation_id, parts[0].expected_version,
        )  # fmt: skip
    given = [
        {"id": e.event_id, "n": e.enrollment_id, "u": e.user_id, "t": e.event_type, "c": e.content_id,
         "at": e.occurred_at.isoformat(), "d": dict(e.data), "r": part.correlation_id, "x": part.expected_version}
        for part in parts for e in part.events
    ]  # fmt: skip
    return _MANY, (json.dumps(given), wait)


def said(rows: Sequence[Any]) -> list[str]:
    """Return the words of the statement's one row: 'written 7', 'repeats <id>', 'moved 7', 'missing' or 'busy'."""
    words = rows[0][0]
    return [words] if isinstance(words, str) else list(words)


def told(events: Sequence[JournalEvent], words: Sequence[str], expected_version: int | None = None) -> list[Appended]:
    """Return what the words say of the events. Raises EnrollmentNotFound, JournalMoved."""
    found: list[Appended] = []
    for event, said_of_it in zip(events, words, strict=True):
        what, _, which = said_of_it.partition(" ")
        if what == "missing":
            raise EnrollmentNotFound(subject=event.enrollment_id, remedy="Enroll first.")
        if what == "moved":
            raise JournalMoved(
                f"it is at version {which}, {expected_version} was expected", subject=event.enrollment_id,
                remedy="Read it again and decide anew.",
            )  # fmt: skip
        found.append(Appended(int(which)) if what == "written" else Appended(None, which))
    return found


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
