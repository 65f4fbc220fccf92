"""Turn the journal behind a cursor into xAPI statements, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import journal, statements
from ruach_studio.formation.store.journal import Cursor
from ruach_studio.formation.xapi import Json, statement

PAGE = 200


@dataclass(frozen=True, slots=True)
class Made:
    """A statement and the event that it tells of."""

    event: JournalEvent
    version: int
    statement: Json


@dataclass(frozen=True, slots=True)
class Page:
    """The statements of one stretch of the journal, how many events that was, and the cursor behind it."""

    made: Sequence[Made]
    events: int
    cursor: Cursor


async def read_statements(services: FormationServices, cursor: Cursor, *, limit: int = PAGE) -> Page:
    """Return the statements of the next `limit` events. No commit is missed, however late; no events: the end for now."""
    async with services.database.connection() as conn:
        found, after = await journal.read_ahead(conn, cursor, limit)
        pairs = [(each.version, each.event) for each in found]
        return Page(await statements_of(services, conn, pairs), len(found), after)


async def all_statements(services: FormationServices, cursor: Cursor) -> AsyncIterator[Page]:
    """Yield pages from `cursor` to the end of what is committed."""
    while (page := await read_statements(services, cursor)).events:
        yield page
        cursor = page.cursor


async def statements_of(
    services: FormationServices, conn: AsyncConnection, pairs: Sequence[tuple[int, JournalEvent]]
) -> list[Made]:
    """Return the statements of these (version, event), in order; what tells nothing is left out."""
    if not pairs:
        return []
    earlier = await statements.earlier(conn, (event for _, event in pairs))
    places = await statements.places(conn, pairs)
    home_page = services.settings.public_url
    made = [
        (event, version, statement(event, version, places[event.enrollment_id, version], home_page, earlier))
        for version, event in pairs
    ]
    return [Made(event, version, told) for event, version, told in made if told is not None]
