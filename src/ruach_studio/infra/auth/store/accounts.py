"""Write and read the rows of people."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Account
from ruach_studio.infra.auth.store.tables import ACCOUNT


async def add(tx: AsyncConnection, account: Account, password_hash: str | None, at: datetime) -> bool:
    """Add the row; return False if the email is taken."""
    row = insert(ACCOUNT).values(
        id=account.account_id,
        email=account.email,
        password_hash=password_hash,
        display_name=account.display_name,
        roles=sorted(account.roles),
        created_at=at,
    )
    made = await tx.execute(row.on_conflict_do_nothing(index_elements=["email"]).returning(ACCOUNT.c.id))
    return made.scalar_one_or_none() is not None


async def by_email(conn: AsyncConnection, email: str) -> tuple[Account, str | None] | None:
    """Return the account of `email` (lower case) and its password hash; None if there is none or it is disabled."""
    found = await conn.execute(sa.select(ACCOUNT).where(ACCOUNT.c.email == email, ~ACCOUNT.c.disabled))
    row = found.one_or_none()
    if row is None:
        return None
    return Account(row.id, row.email, row.display_name, frozenset(row.roles)), row.password_hash


async def existing(conn: AsyncConnection, account_ids: Collection[str]) -> frozenset[str]:
    """Return those of `account_ids` that are an account's, disabled or not."""
    found = await conn.execute(sa.select(ACCOUNT.c.id).where(ACCOUNT.c.id.in_(sorted(account_ids))))
    return frozenset(found.scalars())


async def emails_of(conn: AsyncConnection, account_ids: Collection[str]) -> dict[str, str]:
    """Return the email of each account that exists, by its id."""
    if not account_ids:
        return {}
    found = await conn.execute(sa.select(ACCOUNT.c.id, ACCOUNT.c.email).where(ACCOUNT.c.id.in_(account_ids)))
    return {row.id: row.email for row in found}


async def set_password_hash(tx: AsyncConnection, account_id: str, password_hash: str) -> None:
    """Replace the stored hash."""
    await tx.execute(sa.update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(password_hash=password_hash))


async def disable(tx: AsyncConnection, account_id: str) -> bool:
    """Shut the account out; its sessions and tokens stop at once. Return False if it was shut or unknown."""
    done = await tx.execute(
        sa.update(ACCOUNT).where(ACCOUNT.c.id == account_id, ~ACCOUNT.c.disabled).values(disabled=True)
        .returning(ACCOUNT.c.id)
    )  # fmt: skip
    return done.scalar_one_or_none() is not None
