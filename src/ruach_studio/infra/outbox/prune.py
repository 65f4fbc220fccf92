"""Turn events that everybody has heard long ago into a line of memory, batch by batch.

An event goes when it is older than the days to keep, every known consumer's cursor is past it, no delivery of it is due
or put off, and no open dead letter holds it: that one may still be redelivered. Its inbox rows go with it, in the same
transaction; its ids, its type, its time and who heard it when stay in `platform.event_past`, for the story of a request. The
payload goes: what the audit needs, it keeps itself.

A consumer that is down holds its events, however old they get; the log names it. A consumer that is new begins with the
oldest event still kept, so it hears `keep_days` of the past; what it needs from before, the pillar that knows must tell it.
"""

import asyncio
from contextlib import suppress

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import store_prune
from ruach_studio.kernel.errors import Unavailable

BATCH = 500
EVERY_S = 3600.0

log = get_logger(__name__)


async def prune(database: Database, *, keep_days: int, batch: int = BATCH) -> int:
    """Prune what may go, `batch` events to a transaction; return how many went. Any number may do so at once."""
    pruned = 0
    while True:
        async with database.transaction() as tx:
            gone = await store_prune.prune_batch(tx, keep_days=keep_days, limit=batch)
        pruned += gone
        if gone < batch:
            return pruned


async def keep_pruned(database: Database, stop: asyncio.Event, *, keep_days: int, every_s: float = EVERY_S) -> None:
    """Prune now and every `every_s` until `stop` is set; outlives outages."""
    while not stop.is_set():
        try:
            pruned = await prune(database, keep_days=keep_days)
            async with database.connection() as conn:
                held = await store_prune.held_back(conn, keep_days=keep_days)
        except Unavailable as error:
            log.warning("outbox.prune.delayed", message=str(error))
        else:
            if pruned:
                log.info("outbox.pruned", events=pruned)
            for consumer, events in held.items():
                log.warning("outbox.prune.held", consumer=consumer, events=events, keep_days=keep_days)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
