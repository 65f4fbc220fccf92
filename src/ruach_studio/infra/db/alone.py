"""Turn a name into "only one process does this": a lock that ends with its holder, however the holder ends.

For long work that must not hold a transaction open, since an open one that has written holds back every reader of a log.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import sqlalchemy as sa
from sqlalchemy import exc

from ruach_studio.infra.db.database import Database
from ruach_studio.infra.db.errors import mapped_errors
from ruach_studio.kernel.errors import Conflict

_TRY = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 7010))")
_LET_GO = sa.text("SELECT pg_advisory_unlock(hashtextextended(:name, 7010))")


class HeldElsewhere(Conflict):
    """Another process does this right now."""

    code = "held_elsewhere"


@asynccontextmanager
async def alone(database: Database, name: str) -> AsyncIterator[None]:
    """Be the only one inside the block, on a connection of its own without a transaction. Raises HeldElsewhere."""
    with mapped_errors():
        conn = await database.engine.connect()
    try:
        with mapped_errors():
            await conn.execution_options(isolation_level="AUTOCOMMIT")
            mine = (await conn.execute(_TRY, {"name": name})).scalar_one()
        if not mine:
            raise HeldElsewhere(subject=name, remedy="Let the other process finish, or stop it.")
        try:
            yield
        finally:
            with suppress(exc.DBAPIError):  # the line is broken: then the lock is gone with it
                await conn.execute(_LET_GO, {"name": name})
    finally:
        await conn.invalidate()  # the lock is the connection's: whatever happened, no pooled one keeps it
        await conn.close()
