"""Write and read login sessions by the SHA-256 of their token."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.store.tables import ACCOUNT, LOGIN_SESSION


async def add(tx: AsyncConnection, token_sha256: bytes, account_id: str, at: datetime, lifetime: timedelta) -> None:
    """Add a session that ends `lifetime` after `at`, and drop those that ended before."""
    await tx.execute(sa.delete(LOGIN_SESSION).where(LOGIN_SESSION.c.expires_at <= at))
    await tx.execute(
        LOGIN_SESSION.insert().values(
            token_sha256=token_sha256, account_id=account_id, created_at=at, last_seen_at=at, expires_at=at + lifetime
        )
    )


async def find(
    conn: AsyncConnection, token_sha256: bytes, at: datetime, idle: timedelta
) -> tuple[Principal, datetime] | None:
    """Return who is signed in and when they were last seen, if the session lives and the account is not disabled."""
    found = await conn.execute(
        sa.select(ACCOUNT.c.id, ACCOUNT.c.email, ACCOUNT.c.roles, LOGIN_SESSION.c.last_seen_at)
        .join(LOGIN_SESSION, LOGIN_SESSION.c.account_id == ACCOUNT.c.id)
        .where(
            LOGIN_SESSION.c.token_sha256 == token_sha256,
            LOGIN_SESSION.c.expires_at > at,
            LOGIN_SESSION.c.last_seen_at > at - idle,
            ~ACCOUNT.c.disabled,
        )
    )
    row = found.one_or_none()
    return None if row is None else (Principal(row.id, row.email, frozenset(row.roles)), row.last_seen_at)


async def touch(tx: AsyncConnection, token_sha256: bytes, at: datetime) -> None:
    """Record that the session was used at `at`."""
    mine = LOGIN_SESSION.c.token_sha256 == token_sha256
    await tx.execute(sa.update(LOGIN_SESSION).where(mine, LOGIN_SESSION.c.last_seen_at < at).values(last_seen_at=at))


async def remove(tx: AsyncConnection, token_sha256: bytes) -> None:
    """End the session, if there is one."""
    await tx.execute(sa.delete(LOGIN_SESSION).where(LOGIN_SESSION.c.token_sha256 == token_sha256))
