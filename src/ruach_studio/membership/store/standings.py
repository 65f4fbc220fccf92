"""Keep each account's standing as it was last announced."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.membership.entitlements import Standing
from ruach_studio.membership.store.tables import STANDING


async def get(conn: AsyncConnection, account_id: str) -> Standing:
    """Return an account's standing; one that was never announced is empty."""
    row = (await conn.execute(sa.select(STANDING).where(STANDING.c.account_id == account_id))).one_or_none()
    return Standing() if row is None else Standing(row.tier, row.access, tuple(row.entitlements), tuple(row.courses))


async def put(tx: AsyncConnection, account_id: str, standing: Standing, at: datetime) -> None:
    """Write an account's standing."""
    values = {
        "tier": standing.tier, "access": standing.access, "entitlements": list(standing.entitlements),
        "courses": list(standing.courses), "changed_at": at,
    }  # fmt: skip
    row = upsert(STANDING).values(account_id=account_id, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=values))
