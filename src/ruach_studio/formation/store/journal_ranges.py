"""Read the journals of many enrollments at once, a range of enrollment ids at a time, as the rows that the reducer reads.

Speaks to the driver itself, since whole processes do nothing else (replay_worker.py); `read_range` serves an asynchronous
connection with the same SQL. What a row is, and when an event has none, says journal_rows.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from psycopg.rows import tuple_row

from ruach_studio.formation.state_replay import Stretch

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

FIRST_ID, LAST_ID = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
# Range: both ends included. Per enrollment one descent into the index, whose entries lie side by side in the right order.
_RANGE = """
SELECT e.enrollment_id::text, e.user_id, b.last, b.rows, p.journal_version, p.reducer_version, p.digest
FROM formation.enrollment e
LEFT JOIN formation.projection p ON p.enrollment_id = e.enrollment_id
LEFT JOIN LATERAL (
    SELECT max(version) AS last, string_agg(coalesce(brief, 'null'), ',') AS rows FROM (
        SELECT version, brief FROM formation.journal WHERE enrollment_id = e.enrollment_id ORDER BY version
    ) j
) b ON true
WHERE e.enrollment_id BETWEEN %b::uuid AND %b::uuid
ORDER BY e.enrollment_id
"""
_LONG = """
SELECT enrollment_id::text, version, event_type, content_id, (extract(epoch FROM occurred_at) * 1000000)::bigint, data
FROM formation.journal WHERE enrollment_id BETWEEN %b::uuid AND %b::uuid AND brief IS NULL
"""
# Where statistics are old, a sort of the whole table would look cheaper than the index that is in order already.
PLAN = (
    "SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0"
)
# by events, ten more for an enrollment itself, so that no slice is large because its members are old
_SLICES = """
SELECT min(enrollment_id) FROM (
    SELECT enrollment_id::text, div(sum(journal_version + 10) OVER (ORDER BY enrollment_id), %b::bigint) AS slice
    FROM formation.enrollment
) e GROUP BY slice ORDER BY slice
"""

Range = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Projected:
    """What a stored projection says of itself."""

    journal_version: int
    reducer_version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """One enrollment's whole journal, and its projection if there is one.

    `gap`: its events are not numbered 1, 2, 3, …: some are missing, and the rows cannot be trusted.
    """

    stretch: Stretch
    gap: bool
    projected: Projected | None


def stored_in(conn: psycopg.Connection[Any], wanted: Range) -> Iterator[Stored]:
    """Yield the enrollments of a range in the order of their ids."""
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        found = cursor.execute(_RANGE, wanted, prepare=True).fetchall()
        long = cursor.execute(_LONG, wanted, prepare=True).fetchall()
    yield from _stored(found, long)


async def read_range(conn: "AsyncConnection", wanted: Range) -> list[Stored]:
    """Return the enrollments of a range in the order of their ids."""
    driver: psycopg.AsyncConnection[Any] = (await conn.get_raw_connection()).driver_connection  # type: ignore[assignment]
    async with driver.cursor(row_factory=tuple_row, binary=True) as cursor:
        found = await (await cursor.execute(_RANGE, wanted)).fetchall()
        long = await (await cursor.execute(_LONG, wanted)).fetchall()
    return list(_stored(found, long))


async def slices(conn: "AsyncConnection", events: int) -> list[Range]:
    """Return ranges of about so many events each, of whole enrollments, that cover every id there is or may be."""
    driver: psycopg.AsyncConnection[Any] = (await conn.get_raw_connection()).driver_connection  # type: ignore[assignment]
    async with driver.cursor(row_factory=tuple_row) as cursor:
        starts = [row[0] for row in await (await cursor.execute(_SLICES, (events,))).fetchall()]
    return list(zip([FIRST_ID, *starts[1:]], [*(_before(start) for start in starts[1:]), LAST_ID], strict=True))


def _before(enrollment_id: str) -> str:
    number = int(enrollment_id.replace("-", ""), 16) - 1
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _stored(found: Iterable[Sequence[Any]], long: Iterable[Sequence[Any]]) -> Iterator[Stored]:
    missing: dict[str, list[tuple[int, list[Any]]]] = {}
    for enrollment_id, version, *row in long:
        missing.setdefault(enrollment_id, []).append((version, row))
    for enrollment_id, user_id, last, text, *projected in found:
        rows: list[Any] = orjson.loads(f"[{text or ''}]")
        gap = len(rows) != (last or 0)
        if not gap:
            for version, row in missing.get(enrollment_id, ()):
                if version <= len(rows):  # not one written since the others were read
                    rows[version - 1] = row
        stretch = Stretch(enrollment_id, user_id, 0, rows)
        yield Stored(stretch, gap, None if projected[0] is None else Projected(*projected))
