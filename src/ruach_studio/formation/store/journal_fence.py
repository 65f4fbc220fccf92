"""Say what keeps readers of the journal waiting: events that are committed but not yet given out, and who is to blame.

`journal.read_ahead` gives out an event only once no transaction that began writing before it is still open, or it could miss
one. A single transaction left open, in any database of the server, so holds every reader up: xAPI, projections, exports.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_FENCE = sa.text(
    "SELECT (SELECT count(*) FROM formation.journal WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())) AS held_back,"
    " coalesce((SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity"
    "  WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()), 0) AS writing_s,"
    " coalesce((SELECT max(extract(epoch FROM clock_timestamp() - prepared)) FROM pg_prepared_xacts), 0) AS prepared_s"
)


@dataclass(frozen=True, slots=True)
class Fence:
    """`held_back`: committed events that no reader gets yet. `oldest_writer_s`: age of the oldest transaction that writes.

    0 where none is open, or where the database user may not see others' transactions (it lacks pg_read_all_stats).
    """

    held_back: int
    oldest_writer_s: float


async def fence(conn: AsyncConnection) -> Fence:
    """Return how readers stand right now."""
    row = (await conn.execute(_FENCE)).one()
    return Fence(row.held_back, float(max(row.writing_s, row.prepared_s)))
