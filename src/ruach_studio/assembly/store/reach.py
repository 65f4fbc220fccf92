"""The SQL of assembly's readiness."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.store.tables import SESSION


async def reachable(conn: AsyncConnection) -> None:
    """Raise unless the table of sessions answers."""
    await conn.execute(sa.select(SESSION.c.session_id).limit(1))
