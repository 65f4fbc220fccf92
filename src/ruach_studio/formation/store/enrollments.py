"""The SQL of enrollments: one member on one path, pinned to a graph version. The id is stable for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.store.journal import EnrollmentNotFound, take_turn
from ruach_studio.formation.store.tables import ENROLLMENT


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A member's journey. `covenant_type`: formation_journey (tracked) or resource_explorer; `time_zone`: an IANA name."""

    enrollment_id: str
    user_id: str
    path_id: str
    graph_version: int
    journal_version: int
    covenant_type: str
    time_zone: str
    enrolled_at: datetime


async def get(conn: AsyncConnection, enrollment_id: str) -> Enrollment:
    """Return an enrollment. Raises EnrollmentNotFound."""
    row = (await conn.execute(sa.select(ENROLLMENT).where(ENROLLMENT.c.enrollment_id == enrollment_id))).one_or_none()
    if row is None:
        raise EnrollmentNotFound(subject=enrollment_id)
    return Enrollment(**row._mapping)


async def of_user(conn: AsyncConnection, user_id: str, path_id: str) -> Enrollment | None:
    """Return the user's enrollment on a path, or None."""
    wanted = (ENROLLMENT.c.user_id == user_id) & (ENROLLMENT.c.path_id == path_id)
    row = (await conn.execute(sa.select(ENROLLMENT).where(wanted))).one_or_none()
    return None if row is None else Enrollment(**row._mapping)


async def all_of_user(conn: AsyncConnection, user_id: str) -> list[Enrollment]:
    """Return every enrollment of a user, the oldest first."""
    statement = sa.select(ENROLLMENT).where(ENROLLMENT.c.user_id == user_id).order_by(ENROLLMENT.c.enrolled_at)
    return [Enrollment(**row._mapping) for row in await conn.execute(statement)]


async def lock(tx: AsyncConnection, enrollment_id: str) -> Enrollment:
    """Take the user's turn, lock the row until the transaction ends and return it as it is then."""
    found = await get(tx, enrollment_id)
    await take_turn(tx, found.user_id)
    # FOR NO KEY UPDATE: a reader who keeps the first evidence refers to the row, and would wait for us while we wait for it
    wanted = sa.select(ENROLLMENT).where(ENROLLMENT.c.enrollment_id == enrollment_id)
    statement = wanted.with_for_update(key_share=True)
    return Enrollment(**(await tx.execute(statement)).one()._mapping)


async def insert(tx: AsyncConnection, enrollment: Enrollment) -> bool:
    """Insert a new enrollment; False if the user is on that path already."""
    values: dict[str, Any] = {name: getattr(enrollment, name) for name in Enrollment.__slots__}
    statement = pg_insert(ENROLLMENT).values(values).on_conflict_do_nothing().returning(ENROLLMENT.c.enrollment_id)
    return (await tx.execute(statement)).first() is not None


async def update(tx: AsyncConnection, enrollment_id: str, **columns: object) -> None:
    """Change `graph_version` or `covenant_type`, which have their events in the journal, or `time_zone`, which has none."""
    await tx.execute(ENROLLMENT.update().where(ENROLLMENT.c.enrollment_id == enrollment_id).values(**columns))


async def page(
    conn: AsyncConnection, *, path_id: str | None = None, user_id: str | None = None, after: str = "", limit: int = 100
) -> Sequence[Enrollment]:
    """Return enrollments by id, a page behind `after`."""
    statement = sa.select(ENROLLMENT).order_by(ENROLLMENT.c.enrollment_id).limit(limit)
    if path_id is not None:
        statement = statement.where(ENROLLMENT.c.path_id == path_id)
    if user_id is not None:
        statement = statement.where(ENROLLMENT.c.user_id == user_id)
    if after:
        statement = statement.where(ENROLLMENT.c.enrollment_id > after)
    return [Enrollment(**row._mapping) for row in await conn.execute(statement)]
