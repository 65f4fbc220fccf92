"""Count login attempts per (email, ip) in windows that start with the first attempt."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.store.tables import LOGIN_ATTEMPTS as T


async def count(tx: AsyncConnection, email: str, ip: str, at: datetime, window: timedelta) -> tuple[int, datetime]:
    """Count one more attempt, atomically; return the number in this window and its start. Drops windows long over.

    A window that began later than now (the clock was ahead) begins now, with what it has counted.
    """
    over = T.c.since <= at - window
    row = insert(T).values(email=email, ip=ip, attempts=1, since=at)
    upsert = row.on_conflict_do_update(
        index_elements=["email", "ip"],
        set_={
            "attempts": sa.case((over, 1), else_=T.c.attempts + 1),
            "since": sa.case((over, at), else_=sa.func.least(T.c.since, at)),
        },
    ).returning(T.c.attempts, T.c.since)
    counted = (await tx.execute(upsert)).one()
    if counted.attempts == 1:
        await tx.execute(sa.delete(T).where(T.c.since <= at - 4 * window))
    return counted.attempts, counted.since


async def forgive(tx: AsyncConnection, email: str, ip: str) -> None:
    """Forget the attempts of (email, ip): it signed in."""
    await tx.execute(sa.delete(T).where(T.c.email == email, T.c.ip == ip))


async def take_back(tx: AsyncConnection, email: str, ip: str) -> None:
    """Take one attempt off the count of (email, ip)."""
    await tx.execute(
        sa.update(T).where(T.c.email == email, T.c.ip == ip, T.c.attempts > 0).values(attempts=T.c.attempts - 1)
    )
