"""Turn requests that may change something into rows: the beginning of every trace that `ruach trace` tells.

Kept: method, the route's template, status, when, how long, the caller's name as the audit has it. Not kept: path, query,
body, address; what a member asks (their journal says what they did, under the same ids); what a stranger was refused (it
would let anybody fill the table). Rows wait 0.2 s for one another, so a crash may lose the last few; nothing else hangs on
them. They go after RUACH_REQUEST_LOG_DAYS.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.signals import request_rows
from ruach_studio.infra.taps import Answered
from ruach_studio.kernel.errors import RuachError

GATHER_S = 0.2
WAITING_MAX = 5000
PRUNE_EVERY_S = 3600.0
_MAY_CHANGE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = get_logger(__name__)


def is_kept(answer: Answered) -> bool:
    """Say whether the record keeps this request."""
    if answer.method not in _MAY_CHANGE or answer.route is None:
        return False
    if answer.actor is None:
        return answer.status < 400
    return answer.roles != {"member"}


class RequestLog:
    """Writes rows behind the requests' backs; a database that is away costs rows and a line, never an answer."""

    def __init__(self, database: Database, *, keep_days: int) -> None:
        """Take where to, and for how many days; 0 keeps nothing."""
        self._database, self._keep_days = database, keep_days
        self._waiting: list[Answered] = []
        self._lost = 0
        self._writing: asyncio.Task[None] | None = None
        self._pruned_s = float("-inf")
        database.before_close(self.close)  # what is on its way would be cut off, and leave a connection open

    def answered(self, answer: Answered) -> None:
        """Take one answer; it is written a little later."""
        if self._keep_days == 0 or not is_kept(answer):
            return
        if len(self._waiting) >= WAITING_MAX:
            self._lost += 1
            return
        self._waiting.append(answer)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._later())

    async def flush(self) -> None:
        """Write what waits."""
        rows, self._waiting = self._waiting, []
        lost, self._lost = self._lost, 0
        try:
            if rows:
                await self._write(rows)
            if monotonic() - self._pruned_s >= PRUNE_EVERY_S:
                self._pruned_s = monotonic()
                async with self._database.transaction() as tx:
                    await request_rows.prune(tx, self._keep_days)
        except RuachError as error:
            lost += len(rows)
            log.warning("requests.unwritten", code=error.code, message=str(error))
        if lost:
            log.warning("requests.lost", requests=lost)

    async def close(self) -> None:
        """Write what waits, and no more."""
        if self._writing is not None:
            await self._writing
        await self.flush()

    async def _later(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_S)
            await self.flush()

    async def _write(self, rows: Sequence[Answered]) -> None:
        async with self._database.transaction() as tx:
            await request_rows.insert(tx, rows)
