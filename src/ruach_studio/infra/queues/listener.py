"""Turn PostgreSQL notifications into calls: one connection that reconnects for ever, for a whole process.

What was sent while the connection was down is lost; `on_connect` runs after every (re)connection so that the owner can
look for what it missed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Unavailable

_RECONNECT_S = 0.5
_KEEPALIVE = {"keepalives_idle": "10", "keepalives_interval": "10", "keepalives_count": "3", "connect_timeout": "5"}

log = get_logger(__name__)


class Listener:
    """Listens to `channels` until cancelled; calls on_notify(channel, payload) in the event loop."""

    def __init__(
        self,
        dsn: str,
        channels: Sequence[str],
        on_notify: Callable[[str, str], None],
        *,
        on_connect: Callable[[psycopg.AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        self._dsn = dsn
        self._channels = tuple(channels)
        self._on_notify = on_notify
        self._on_connect = on_connect
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Listen until this task is cancelled; an outage is logged and outlived."""
        while True:
            try:
                await self._listen()
            except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable) as error:
                if self.connected.is_set():
                    log.warning("listener.lost", channels=self._channels, message=str(error).strip())
            finally:
                self.connected.clear()
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self) -> None:
        conn = await psycopg.AsyncConnection.connect(make_conninfo(self._dsn, **_KEEPALIVE), autocommit=True)
        async with conn:
            for channel in self._channels:
                await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            if self._on_connect is not None:
                await self._on_connect(conn)
            self.connected.set()
            log.debug("listener.connected", channels=self._channels)
            async for notice in conn.notifies():
                self._on_notify(notice.channel, notice.payload)
