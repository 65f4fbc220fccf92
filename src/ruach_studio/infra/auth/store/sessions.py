"""Write and read login sessions by the SHA-256 of their token."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.store.tables import ACCOUNT, LOGIN_SESSION
from ruach_studio.infra.db import DirectStatement

# One statement, made once: it stands before every request, and each round trip costs as much as the reading itself.
_LIVING = (
    sa.select(ACCOUNT.c.id, ACCOUNT.c.email, ACCOUNT.c.roles)
    .join(LOGIN_SESSION, LOGIN_SESSION.c.account_id == ACCOUNT.c.id)
    .where(
        LOGIN_SESSION.c.token_sha256 == sa.bindparam("token"),
        LOGIN_SESSION.c.expires_at > sa.bindparam("at"),
        LOGIN_SESSION.c.last_seen_at > sa.bindparam("idle_since"),
        ~ACCOUNT.c.disabled,
    )
    .cte("living")
)
# The commit does not wait for the disk: a crash of the server takes back a second of use, and nobody waits to be let in.
_UNHURRIED = sa.select(sa.func.set_config("synchronous_commit", "off", True)).cte("unhurried")
_TOUCHED = (
    sa.update(LOGIN_SESSION)
    .where(
        LOGIN_SESSION.c.token_sha256 == sa.bindparam("token"),
        LOGIN_SESSION.c.last_seen_at <= sa.bindparam("touch_since"),
        sa.exists(sa.select(_LIVING.c.id)),
        sa.exists(_UNHURRIED.select()),
    )
    .values(last_seen_at=sa.bindparam("at"))
    .returning(LOGIN_SESSION.c.account_id)
    .cte("touched")
)
_FIND = DirectStatement(sa.select(_LIVING).add_cte(_TOUCHED))


async def add(tx: AsyncConnection, token_sha256: bytes, account_id: str, at: datetime, lifetime: timedelta) -> None:
    """Add a session that ends `lifetime` after `at`, and drop those that ended before."""
    await tx.execute(sa.delete(LOGIN_SESSION).where(LOGIN_SESSION.c.expires_at <= at))
    await tx.execute(
        LOGIN_SESSION.insert().values(
            token_sha256=token_sha256, account_id=account_id, created_at=at, last_seen_at=at, expires_at=at + lifetime
        )
    )


async def find(
    conn: AsyncConnection, token_sha256: bytes, at: datetime, idle: timedelta, *, touch_every: timedelta
) -> Principal | None:
    """Return who is signed in, if the session lives and the account is not disabled; note the use if the last is old."""
    given = {"token": token_sha256, "at": at, "idle_since": at - idle, "touch_since": at - touch_every}
    rows = await _FIND.run(conn, given)
    return Principal(str(rows[0][0]), rows[0][1], frozenset(rows[0][2])) if rows else None


async def remove(tx: AsyncConnection, token_sha256: bytes) -> None:
    """End the session, if there is one."""
    await tx.execute(sa.delete(LOGIN_SESSION).where(LOGIN_SESSION.c.token_sha256 == token_sha256))
