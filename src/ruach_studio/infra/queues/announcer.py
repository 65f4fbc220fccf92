"""Turn "this run began, that one ended" into wake-ups for whoever follows the jobs, beside the commits and not in them.

PostgreSQL gives notices in the order of the commits, by a lock on the whole database that is held until the disk has the
commit: a notice in the commit of a run's end makes every other commit with a notice wait for that disk. Here the notices of
a moment share one transaction that writes nothing. If the process dies before it, followers look by themselves (10 s).
"""

import asyncio
import contextvars
from contextlib import suppress

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.store import executions
from ruach_studio.kernel.errors import RuachError

_GATHER_S = 0.05

log = get_logger(__name__)


class Announcer:
    """Wakes the followers of jobs: at once, and at most every 50 ms."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed: dict[str, None] = {}
        self._telling: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def tell(self, job_id: str) -> None:
        """Wake the followers of a job whose change is committed."""
        self._changed[job_id] = None
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), context=contextvars.Context())

    async def close(self) -> None:
        """Wait until everybody was told."""
        self._closing.set()
        if self._telling is not None:
            await asyncio.wait({self._telling})

    async def _tell(self) -> None:
        try:
            while self._changed:
                job_ids, self._changed = list(self._changed), {}
                try:
                    async with self._database.driver() as conn:
                        await executions.announce_all(conn, job_ids)
                except RuachError as error:  # away, busy or full: followers look by themselves as well
                    log.warning("job.announce.failed", jobs=job_ids, message=str(error))
                with suppress(TimeoutError):
                    async with asyncio.timeout(_GATHER_S):
                        await self._closing.wait()
        finally:
            self._telling = None
