"""Turn the outbox into an endless sequence of events for somebody who looks on: in order, resumable, nothing skipped.

A position is (transaction id, row), written `xid-id`. Whoever comes back with the last one that he saw goes on right
after it; whoever comes without one begins with the newest `recent` events and gets a position at once, so that he can
come back even if nothing has happened. A position beyond the end of the log is none: it was given before a restore, which
numbers the log anew, and whoever waited there would hear nothing. Each open iterator costs two small reads a second at
rest, and one at each commit that published.
"""

import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.db import Database
from ruach_studio.infra.outbox import store, tail_store
from ruach_studio.infra.outbox.tail_store import Position
from ruach_studio.infra.queues.hub import hub_of

_POLL_S = 1.0  # a commit behind an older open transaction is announced too early: nobody says when that one ends
_BATCH = 200
_WRITTEN = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seen:
    """One step: where the reader stands now, and what happened there (None: this is only the position to begin with)."""

    position: str
    event: Envelope | None


def position_of(text: str | None) -> Position | None:
    """Return a written position; None without one that could be ours.

    >>> position_of("815-42"), position_of("42"), position_of(None)
    (Position(xid=815, outbox_id=42), None, None)
    """
    found = _WRITTEN.fullmatch(text or "")
    return None if found is None else Position(int(found[1]), int(found[2]))


def written(position: Position) -> str:
    """Return a position as `position_of` reads it."""
    return f"{position.xid}-{position.outbox_id}"


async def tail(
    database: Database, event_types: Collection[str], *, after: Position | None = None, recent: int = 0
) -> AsyncIterator[Seen]:
    """Yield events of `event_types` after a position, or the newest `recent` ones and what comes; never ends.

    Close the iterator (`aclosing`) when you leave it. Raises Unavailable.
    """
    types = sorted(event_types)
    hub = hub_of(database, store.PUBLISHED_CHANNEL)
    published = hub.join("")
    try:
        async with database.connection() as conn:
            head = await tail_store.head(conn)
            anew = after is None or after > head
            events = await tail_store.newest(conn, types, recent) if anew and recent else []
        if anew:
            for position, envelope in events:
                if position <= head:
                    yield Seen(written(position), envelope)
            yield Seen(written(head), None)
        here = head if after is None else min(after, head)
        while True:
            published.clear()
            full = True
            while full:
                async with database.connection() as conn:
                    until = await tail_store.head(conn)
                    events = await tail_store.between(conn, here, until, types, _BATCH)
                for position, envelope in events:
                    yield Seen(written(position), envelope)
                full = len(events) == _BATCH
                here = events[-1][0] if full else max(here, until)
            await hub.wait(published, _POLL_S)
    finally:
        await hub.leave("", published)
