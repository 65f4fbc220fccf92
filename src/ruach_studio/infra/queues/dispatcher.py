"""Turn rows of platform.dispatch into jobs of BullMQ on Redis, in their order.

One process at a time sends: it holds a session lock in PostgreSQL, which its death releases, and the next takes over
within a second. Woken by the commit that wrote a row, else every second. A row is deleted once Redis has taken it; if the
process dies in between, it is sent again, and BullMQ knows the job by its id (or the runner by its row, if BullMQ has
forgotten it). While Redis is away the rows wait. What Redis refuses by itself (no memory) is tried again and holds nothing
else up.
"""

import asyncio
from contextlib import suppress
from typing import Any

import bullmq as bull
import psycopg

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.listener import Listener
from ruach_studio.infra.queues.store import dispatch
from ruach_studio.infra.queues.store.bullmq import KEEP_COMPLETED, KEEP_FAILED
from ruach_studio.infra.queues.store.dispatch import Waiting
from ruach_studio.infra.redis_link import RedisAway, RedisLink, RedisRefused
from ruach_studio.kernel.errors import BadInput, Unavailable

BATCH = 500
_LOOK_EVERY_S = 1.0
_PAUSE_S = 1.0  # after a failure

log = get_logger(__name__)


class Dispatcher:
    """Sends what waits in `database` to the Redis of `link`."""

    def __init__(self, database: Database, link: RedisLink) -> None:
        self._database = database
        self._link = link
        self._woken = asyncio.Event()
        self._queues: dict[str, bull.Queue] = {}
        self._checked = False

    async def run(self) -> None:
        """Send until cancelled, whenever this process is the one that may. Outlives outages of both servers."""
        listener = Listener(
            self._database.dsn, [dispatch.CHANNEL], lambda *_: self._woken.set(), on_connect=self._become_the_one
        )
        listening = asyncio.create_task(listener.run())
        try:
            while not listening.done():
                await listener.connected.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._woken.wait()
                self._woken.clear()
                try:
                    await self.drain()
                except (Unavailable, BadInput) as error:  # BadInput: Redis may drop jobs; it gets none until that is mended
                    log.warning("dispatch.delayed", code=error.code, message=str(error))
                    await asyncio.sleep(_PAUSE_S)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def drain(self) -> int:
        """Send what waits; return how many rows that were. Raises Unavailable, or BadInput if Redis may drop jobs."""
        sent = 0
        while True:
            async with self._database.statements() as conn:
                batch = await dispatch.next_waiting(conn, BATCH)
            if not batch:
                return sent
            refused = await self._send(batch)
            taken = [each.seq for each in batch if each.seq not in refused]
            if taken:
                async with self._database.statements() as conn:
                    await dispatch.taken(conn, taken)
                sent += len(taken)
            if refused:
                raise RedisRefused(next(iter(refused.values())), subject=f"{len(refused)} jobs")

    async def _send(self, batch: list[Waiting]) -> dict[int, str]:
        """Tell Redis of `batch` in one round trip; return what it refused, by seq, with its reason."""
        if not self._link.known_up:
            self._checked = False
        if not self._checked:
            for warning in await self._link.check():
                log.warning("redis.unsafe", message=warning)
            self._checked = True
        async with self._link.asking() as client, client.pipeline(transaction=False) as pipe:
            if len(batch) == 1:  # a pipeline asks first whether the scripts are loaded: a round trip more
                await self._write(None, batch[0])
                return {}
            for each in batch:
                await self._write(pipe, each)
            answers = await pipe.execute(raise_on_error=False)
        broken = next((each for each in answers if isinstance(each, OSError)), None)
        if broken is not None:
            raise RedisAway(type(broken).__name__, subject="redis")
        found = zip(batch, answers, strict=True)
        return {
            each.seq: str(answer) if isinstance(answer, Exception) else f"error {answer}"
            for each, answer in found
            if isinstance(answer, Exception) or (each.verb == "add" and isinstance(answer, int) and answer < 0)
        }

    async def _write(self, pipe: Any, each: Waiting) -> None:
        queue = self._queues.get(each.queue)
        if queue is None:
            queue = bull.Queue(each.queue, {"connection": self._link.client, "prefix": self._link.prefix})
            self._queues[each.queue] = queue
        scripts = queue.backend.scripts
        if each.verb == "remove":
            keys = [scripts.toKey(each.job_id), scripts.keys["repeat"]]
            await scripts.commands["removeJob"](keys=keys, args=[each.job_id, 0, scripts.keys[""]], client=pipe)
            return
        options: dict[str, Any] = {
            "jobId": each.job_id, "attempts": 1, "removeOnComplete": KEEP_COMPLETED, "removeOnFail": KEEP_FAILED
        }  # fmt: skip
        if each.priority:
            options["priority"] = each.priority
        if each.delay_s > 0:
            options["delay"] = max(1, round(each.delay_s * 1000))
        await scripts.addJob(bull.Job(queue, each.name, dict(each.data), options), pipe)

    async def _become_the_one(self, conn: psycopg.AsyncConnection) -> None:
        """Wait until no other process dispatches. Asked for each second: a lock that is waited for would hold old rows."""
        while True:
            cursor = await conn.execute("SELECT pg_try_advisory_lock(%s, 0)", (dispatch.LEADER_LOCK,))
            row = await cursor.fetchone()
            if row is not None and row[0]:
                log.debug("dispatch.leading")
                self._woken.set()
                return
            await asyncio.sleep(_LOOK_EVERY_S)
