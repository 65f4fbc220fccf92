"""Write and read login sessions by the SHA-256 of their token."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.store.tables import ACCOUNT, LOGIN_SESSION

# Made once: these stand before every request, and making a statement costs as much as running it.
_FIND = (
    sa.select(ACCOUNT.c.id, ACCOUNT.c.email, ACCOUNT.c.roles, LOGIN_SESSION.c.last_seen_at)
    .join(LOGIN_SESSION, LOGIN_SESSION.c.account_id == ACCOUNT.c.id)
    .where(
        LOGIN_SESSION.c.token_sha256 == sa.bindparam("token"),
        LOGIN_SESSION.c.expires_at > sa.bindparam("at"),
        LOGIN_SESSION.c.last_seen_at > sa.bindparam("idle_since"),
        ~ACCOUNT.c.disabled,
    )
)
_UNHURRIED = sa.select(sa.func.set_config("synchronous_commit", "off", True)).cte("unhurried")
_TOUCH = (
    sa.update(LOGIN_SESSION)
    .where(
        LOGIN_SESSION.c.token_sha256 == sa.bindparam("token"),
        LOGIN_SESSION.c.last_seen_at < sa.bindparam("at"),
        sa.exists(_UNHURRIED.select()),
    )
    .values(last_seen_at=sa.bindparam("at"))
)


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
    found = await conn.execute(_FIND, {"token": token_sha256, "at": at, "idle_since": at - idle})
    row = found.one_or_none()
    return None if row is None else (Principal(row.id, row.email, frozenset(row.roles)), row.last_seen_at)


async def touch(tx: AsyncConnection, token_sha256: bytes, at: datetime) -> None:
    """Record that the session was used at `at`; the commit does not wait for the disk.

    What a crash of the server takes back is at most a second of use; a member must not wait for a flush to be let in.
    """
    await tx.execute(_TOUCH, {"token": token_sha256, "at": at})


async def remove(tx: AsyncConnection, token_sha256: bytes) -> None:
    """End the session, if there is one."""
    await tx.execute(sa.delete(LOGIN_SESSION).where(LOGIN_SESSION.c.token_sha256 == token_sha256))
