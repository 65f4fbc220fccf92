"""Turn a database into one connection that is kept for a statement which jobs wait for, set up for that statement.

Taking a connection from the pool and giving it back costs as much as a short statement, and with it half of what a job waits
for its beginning (measured.md). Opened at first use, beside the pool; who comes while it is in use gets a pooled one.
"""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection as Driver
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from ruach_studio.infra.db.address import parameters
from ruach_studio.infra.db.database import CONNECT_TIMEOUT_S, Database
from ruach_studio.infra.db.errors import mapped_errors


class KeptConnection:
    """One connection to the database of `database`; `settings` (libpq's `options`) hold for it alone."""

    def __init__(self, database: Database, settings: str) -> None:
        """Connect to nothing yet; the end of `database` ends the connection too."""
        given = parameters(database.dsn)
        options = f"{given.get('options', '')} {settings}".strip()
        own = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": database.application_name}
        self._dsn = make_conninfo(database.dsn, **(own | given | {"options": options}))
        self._database = database
        self._conn: Driver | None = None
        self._in_use = False
        database.before_close(self.close)

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Driver]:
        """Give the driver's connection, each statement a transaction; outages raise Unavailable."""
        if self._in_use:
            async with self._database.driver() as pooled:
                yield pooled
            return
        self._in_use = True
        clean = False
        try:
            with mapped_errors():
                conn = await self._opened()
                yield conn
                clean = conn.info.transaction_status == TransactionStatus.IDLE
        finally:
            self._in_use = False
            if not clean:
                await self.close()

    async def close(self) -> None:
        """End the connection; the next use opens another."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with suppress(psycopg.Error):
                await conn.close()

    async def _opened(self) -> Driver:
        """Return the connection, another one if its socket has something to say: an idle server is silent."""
        if self._conn is not None:
            look = select.poll()
            if not self._conn.closed:
                look.register(self._conn.pgconn.socket, select.POLLIN)
            if self._conn.closed or look.poll(0):
                await self.close()
        if self._conn is None:
            self._conn = await Driver.connect(self._dsn, autocommit=True)
        return self._conn
