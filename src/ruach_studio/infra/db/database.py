"""Turn a database address into transactions that either happen wholly or not at all.

One pool per process. `transaction()` commits at its end and rolls back on any error; `connection()` is read-only;
`statements()` commits each statement. A connection is looked at before use, so that a restart of the server
costs no failed request: a server that left has closed the socket, which is seen without asking it. A ping each time would
be a third of a short read.
"""

import select
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from psycopg import AsyncConnection as Driver
from psycopg.pq import TransactionStatus
from sqlalchemy import event, exc, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from ruach_studio.infra.db.address import libpq_dsn, parameters
from ruach_studio.infra.db.errors import mapped_errors

CONNECT_TIMEOUT_S = "5"
_POOL_WAIT_S = 10.0


class Database:
    """The pool of one PostgreSQL database. Open with `async with Database(url)` or `start()` and `close()`."""

    def __init__(self, url: str, *, pool_size: int = 10, application_name: str = "ruach") -> None:
        """Take any PostgreSQL address; nothing connects before first use."""
        self.dsn, self.application_name = libpq_dsn(url), application_name
        arguments = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": application_name,
            **parameters(self.dsn),
        }
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+psycopg://",
            connect_args=arguments,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_POOL_WAIT_S,
            pool_use_lifo=True,  # the one used last has its statements planned and its server's caches warm
            hide_parameters=True,  # an error goes to the log and to dead letters; a reflection's text must not
        )
        event.listen(self.engine.sync_engine, "checkout", _look_at)
        self._first: list[Callable[[], Awaitable[None]]] = []

    async def start(self) -> None:
        """Prove that the server answers, or raise Unavailable."""
        async with self.connection() as conn:
            await conn.execute(text("select 1"))

    def before_close(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` end what still uses connections by itself, before they are closed."""
        self._first.append(work)

    async def close(self) -> None:
        """Close every pooled connection."""
        for work in self._first:
            await work()
        await self.engine.dispose()

    async def __aenter__(self) -> "Database":
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction: commit at the end, roll back on an error; outages raise Unavailable."""
        with mapped_errors():
            async with self.engine.begin() as conn:
                yield conn

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection on which each statement is a transaction of its own; outages raise Unavailable.

        For one statement, or a read and one write that need no common snapshot: a transaction costs two more round trips.
        """
        with mapped_errors():
            async with self.engine.connect() as conn:
                yield await conn.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Driver]:
        """Give a pooled connection as the driver's own, each statement a transaction; outages raise Unavailable.

        For a DirectStatement that every job pays for: SQLAlchemy's connection costs more than such a statement takes.
        """
        with mapped_errors():
            pooled = await self.engine.raw_connection()
            conn = cast(Driver, pooled.driver_connection)
            clean = False
            try:
                await conn.set_autocommit(True)
                yield conn
            finally:
                try:
                    if not conn.closed and conn.info.transaction_status == TransactionStatus.IDLE:
                        await conn.set_autocommit(False)
                        clean = True
                finally:
                    if not clean:  # nobody after it may believe that he has a transaction
                        await greenlet_spawn(pooled.invalidate)
                    await greenlet_spawn(pooled.close)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Give a read-only connection: a write raises; outages raise Unavailable.

        It ends with a COMMIT, of nothing: after a ROLLBACK psycopg gives up everything that the connection has prepared.
        """
        with mapped_errors():
            async with self.engine.connect() as conn:
                await conn.execution_options(postgresql_readonly=True)
                yield conn
                await conn.commit()


def _look_at(adapted: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Have a pooled connection replaced, and all of its age, if its socket has something to say before it was asked.

    An idle server is silent; what can be read is its farewell, or the end. A mere notice costs a new connection, no more.
    """
    driver = adapted.driver_connection
    look = select.poll()
    if driver is not None and not driver.closed:
        look.register(driver.pgconn.socket, select.POLLIN)
    if driver is None or driver.closed or look.poll(0):
        raise exc.InvalidatePoolError
