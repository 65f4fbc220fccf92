"""Write and read service tokens by the SHA-256 of their secret."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Principal, ServiceToken
from ruach_studio.infra.auth.store.tables import ACCOUNT, SERVICE_TOKEN


async def add(tx: AsyncConnection, token: ServiceToken, token_sha256: bytes, created_by: str | None) -> None:
    """Add the row of a new token."""
    await tx.execute(
        SERVICE_TOKEN.insert().values(
            id=token.token_id,
            name=token.name,
            token_sha256=token_sha256,
            roles=sorted(token.roles),
            scopes=sorted(token.scopes),
            created_by=created_by,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


async def find(conn: AsyncConnection, token_sha256: bytes, at: datetime) -> Principal | None:
    """Return the machine behind a living token; a token dies with its maker's account."""
    found = await conn.execute(
        sa.select(SERVICE_TOKEN)
        .outerjoin(ACCOUNT, ACCOUNT.c.id == SERVICE_TOKEN.c.created_by)
        .where(
            SERVICE_TOKEN.c.token_sha256 == token_sha256,
            SERVICE_TOKEN.c.revoked_at.is_(None),
            sa.or_(SERVICE_TOKEN.c.expires_at.is_(None), SERVICE_TOKEN.c.expires_at > at),
            sa.func.coalesce(ACCOUNT.c.disabled, sa.false()).is_(sa.false()),
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Principal(row.id, f"service:{row.name}", frozenset(row.roles), frozenset(row.scopes), kind="service")


async def every(conn: AsyncConnection) -> list[ServiceToken]:
    """Return all tokens, newest first, revoked ones too."""
    rows = await conn.execute(sa.select(SERVICE_TOKEN).order_by(SERVICE_TOKEN.c.created_at.desc(), SERVICE_TOKEN.c.id))
    return [
        ServiceToken(
            token_id=row.id,
            name=row.name,
            roles=frozenset(row.roles),
            scopes=frozenset(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


async def revoke(tx: AsyncConnection, token_id: str, at: datetime) -> bool:
    """End a token; return False if there is none or it is ended already."""
    mine = (SERVICE_TOKEN.c.id == token_id, SERVICE_TOKEN.c.revoked_at.is_(None))
    done = await tx.execute(sa.update(SERVICE_TOKEN).where(*mine).values(revoked_at=at).returning(SERVICE_TOKEN.c.id))
    return done.scalar_one_or_none() is not None
