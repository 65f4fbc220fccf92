"""Turn rows of platform.dispatch into jobs of BullMQ on Redis, in their order.

One process at a time sends: it holds a session lock in PostgreSQL, which its death releases, and the next takes over
within a second. The commit that wrote a row wakes it with a notice that holds the job, so that the row need not be read;
what was too long for that, what is to be removed and what no notice told of is read, at least once a second. A row is
deleted soon after Redis has taken it; if the process dies in between, it is sent again, and BullMQ knows the job by its id
(or the runner by its row, if BullMQ has forgotten it). While Redis is away the rows wait. What Redis refuses by itself (no
memory) is tried again and holds nothing else up.
"""

import asyncio
import time
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
_GATHER_S = 0.05

log = get_logger(__name__)


class Dispatcher:
    """Sends what waits in `database` to the Redis of `link`."""

    def __init__(self, database: Database, link: RedisLink) -> None:
        self._database = database
        self._link = link
        self._woken = asyncio.Event()
        self._queues: dict[str, bull.Queue] = {}
        self._checked = False
        self._told: list[Waiting] = []
        self._look = True
        self._drained: set[int] = set()
        self._sent: list[int] = []
        self._forgetting: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Send until cancelled, whenever this process is the one that may. Outlives outages of both servers."""
        listener = Listener(self._database.dsn, [], self._hear, on_connect=self._become_the_one)
        listening = asyncio.create_task(listener.run())
        looked_s = 0.0
        try:
            while not listening.done():
                await listener.connected.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._woken.wait()
                self._woken.clear()
                try:
                    if self._look or time.monotonic() - looked_s >= _LOOK_EVERY_S:
                        self._look = False
                        looked_s = time.monotonic()
                        await self.drain()
                    else:
                        await self._send_told()
                except (Unavailable, BadInput) as error:  # BadInput: Redis may drop jobs; it gets none until that is mended
                    log.warning("dispatch.delayed", code=error.code, message=str(error))
                    self._look = True
                    await asyncio.sleep(_PAUSE_S)
        finally:
            own = [listening, *([self._forgetting] if self._forgetting else [])]
            for task in own:
                task.cancel()
            await asyncio.gather(*own, return_exceptions=True)

    async def drain(self) -> int:
        """Send what waits; return how many rows that were. Raises Unavailable, or BadInput if Redis may drop jobs."""
        self._told, self._drained = [], set()  # their rows are committed, so they are read
        sent = 0
        while True:
            await self._forget()
            async with self._database.statements() as conn:
                batch = await dispatch.next_waiting(conn, BATCH)
            if not batch:
                return sent
            sent += await self._send_batch(batch)
            self._drained.update(each.seq for each in batch)

    async def _send_told(self) -> None:
        """Send what notices told of, unless it was read and sent before its notice came."""
        batch, self._told = [each for each in self._told if each.seq not in self._drained], []
        for start in range(0, len(batch), BATCH):
            await self._send_batch(batch[start : start + BATCH])

    async def _send_batch(self, batch: list[Waiting]) -> int:
        refused = await self._send(batch)
        taken = [each.seq for each in batch if each.seq not in refused]
        self._sent += taken
        if taken and self._forgetting is None:
            self._forgetting = asyncio.create_task(self._forget_soon())
        if refused:
            raise RedisRefused(next(iter(refused.values())), subject=f"{len(refused)} jobs")
        return len(taken)

    async def _forget_soon(self) -> None:
        """Delete the rows of what was sent, at most every 50 ms: after a failure or a death they are sent again, or read."""
        await asyncio.sleep(_GATHER_S)
        self._forgetting = None
        with suppress(Unavailable):
            await self._forget()

    async def _forget(self) -> None:
        if self._sent:
            seqs, self._sent = self._sent, []
            async with self._database.driver() as conn:
                await dispatch.taken(conn, seqs)

    def _hear(self, _channel: str, notice: str) -> None:
        each = dispatch.told(notice)
        if each is None:
            self._look = True
        else:
            self._told.append(each)
        self._woken.set()

    async def _send(self, batch: list[Waiting]) -> dict[int, str]:
        """Tell Redis of `batch` in one round trip; return what it refused, by seq, with its reason."""
        if not self._link.known_up:
            self._checked = False
        if not self._checked:
            for warning in await self._link.check():
                log.warning("redis.unsafe", message=warning)
            self._checked = True
        if len(batch) == 1:  # a pipeline asks first whether the scripts are loaded: a round trip more
            async with self._link.asking():
                await self._write(None, batch[0])
            return {}
        async with self._link.asking() as client, client.pipeline(transaction=False) as pipe:
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
                await conn.execute(f"LISTEN {dispatch.CHANNEL}")  # only now: nobody keeps notices that he will not read
                self._look = True
                self._woken.set()
                return
            await asyncio.sleep(_LOOK_EVERY_S)
