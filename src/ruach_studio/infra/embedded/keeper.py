"""Turn a server that may die into one that is back within seconds, for as long as this process runs.

Asks every second whether the server answers (one query, about 3 ms) and starts it again if it does not. A failed try is
logged and repeated, whatever it failed of; requests in between get Unavailable (503) and may be sent again.
"""

import asyncio
from contextlib import suppress

from ruach_studio.infra.embedded.postgres import EmbeddedPostgres
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import RuachError

log = get_logger(__name__)


async def keep_running(server: EmbeddedPostgres, stop: asyncio.Event, *, every_s: float = 1.0) -> None:
    """Watch over the server until `stop` is set. Does not stop the server: `release()` does."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(server.ensure)
        except RuachError as error:
            log.error("database.server.down", error=str(error))
        except Exception as error:  # without a keeper the service would stay down, and nobody would be told
            log.error("database.server.down", error=repr(error), exc_info=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
