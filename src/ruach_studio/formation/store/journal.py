"""Append to the journal and read it back in the order it was written.

The table is append-only (trigger). Versions are gapless per enrollment: writers of one enrollment take turns by an
advisory lock that lasts as long as the transaction.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.store.tables import JOURNAL


async def append(tx: AsyncConnection, event: JournalEvent, *, correlation_id: str | None = None) -> int:
    """Write one checked event and return its version in the enrollment (from 1). Raises BadInput as `checked` does."""
    checked(event)
    await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(event.enrollment_id, 6))))
    last = sa.select(sa.func.coalesce(sa.func.max(JOURNAL.c.version), 0)).where(
        JOURNAL.c.enrollment_id == event.enrollment_id
    )
    version = int((await tx.execute(last)).scalar_one()) + 1
    await tx.execute(
        JOURNAL.insert().values(
            event_id=event.event_id, enrollment_id=event.enrollment_id, version=version, user_id=event.user_id,
            event_type=event.event_type, content_id=event.content_id, occurred_at=event.occurred_at,
            correlation_id=correlation_id, data=dict(event.data),
        )
    )  # fmt: skip
    return version


async def read(conn: AsyncConnection, enrollment_id: str) -> Sequence[tuple[int, JournalEvent]]:
    """Return (version, event) of one enrollment, oldest first."""
    rows = await conn.execute(sa.select(JOURNAL).where(JOURNAL.c.enrollment_id == enrollment_id).order_by(JOURNAL.c.version))
    return [
        (
            row.version,
            JournalEvent(row.event_id, row.user_id, row.enrollment_id, row.event_type, row.content_id,
                         row.occurred_at, row.data),
        )
        for row in rows
    ]  # fmt: skip


async def reachable(conn: AsyncConnection) -> bool:
    """Say whether the journal table answers (the pillar's readiness)."""
    await conn.execute(sa.select(JOURNAL.c.event_id).limit(1))
    return True
