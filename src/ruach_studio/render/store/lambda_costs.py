"""Keep the ledger of what Remotion Lambda costs."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.render.store.tables import METADATA

LAMBDA_COST = sa.Table(
    "lambda_cost",
    METADATA,
    sa.Column("entry_id", sa.BigInteger, primary_key=True),
    sa.Column("output_key", sa.Text),
    sa.Column("session_id", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("month", sa.Date),
    sa.Column("reserved_usd", sa.Double),
    sa.Column("cost_usd", sa.Double),
    sa.Column("reserved_at", sa.DateTime(timezone=True)),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
)
_LOCK = 0x52554143_4C414D42  # "RUACLAMB": who asks for money waits for whoever asked before


async def lock(tx: AsyncConnection) -> None:
    """Let nobody else read and write the month's sum until this transaction ends."""
    await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def spent(conn: AsyncConnection, month: date) -> float:
    """Return what the month's renders cost, in USD; a running one counts with what was set aside."""
    each = sa.func.coalesce(LAMBDA_COST.c.cost_usd, LAMBDA_COST.c.reserved_usd)
    total = await conn.scalar(sa.select(sa.func.coalesce(sa.func.sum(each), 0.0)).where(LAMBDA_COST.c.month == month))
    return float(total or 0.0)


async def reserve(
    tx: AsyncConnection, key: str, session_id: str, format_name: str, month: date, usd: float, at: datetime
) -> None:
    """Write down that a render is about to start."""
    values = {"output_key": key, "session_id": session_id, "format": format_name, "month": month, "reserved_usd": usd}
    await tx.execute(sa.insert(LAMBDA_COST).values(**values, reserved_at=at))


async def settle(tx: AsyncConnection, key: str, usd: float, at: datetime) -> None:
    """Write down what the open render of `key` did cost; it may have none open."""
    mine = (LAMBDA_COST.c.output_key == key) & LAMBDA_COST.c.settled_at.is_(None)
    await tx.execute(sa.update(LAMBDA_COST).where(mine).values(cost_usd=usd, settled_at=at))


async def close_open(tx: AsyncConnection, key: str, at: datetime) -> None:
    """Let what was set aside for `key` stand as its cost: a process died, and what AWS did is not known."""
    mine = (LAMBDA_COST.c.output_key == key) & LAMBDA_COST.c.settled_at.is_(None)
    await tx.execute(sa.update(LAMBDA_COST).where(mine).values(cost_usd=LAMBDA_COST.c.reserved_usd, settled_at=at))
