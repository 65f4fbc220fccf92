"""Turn the kept levels into an answer that costs a request nothing: one small table, read once a second.

infra/pressure/monitor.py refreshes it. Where none runs (a command, a library), or it has stalled for 3 s, the asker reads
the table himself, once.
"""

import time

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.pressure import Pressure
from ruach_studio.infra.queues.store import pressure as store

FRESH_S = 3.0


class PressureBoard:
    """Where each queue stands, as this process last saw it."""

    def __init__(self, database: Database) -> None:
        """Take the database; nothing is read yet."""
        self._database = database
        self._seen: dict[str, Pressure] = {}
        self._seen_at = float("-inf")

    async def of(self, queue: str) -> Pressure:
        """Return where `queue` stands, at most 3 s old; a queue that nobody judged yet is `normal`. Raises Unavailable."""
        if time.monotonic() - self._seen_at > FRESH_S:
            await self.refresh()
        return self._seen.get(queue) or Pressure(queue)

    async def refresh(self) -> None:
        """Read the table. Raises Unavailable."""
        async with self._database.connection() as conn:
            self._seen = await store.every(conn)
        self._seen_at = time.monotonic()
