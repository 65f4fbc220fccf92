"""Turn the JobQueue port into BullMQ on Redis: rows commit in PostgreSQL, and BullMQ hears of them afterwards.

`add` touches no Redis: the execution and a row of platform.dispatch commit with the caller's rows, and dispatcher.py
sends them in order, at least once. So Redis may be down, and a process may die between any two lines: the row is sent
later, and Redis knows a job by its id. What Redis loses, the sweep sends again (redis_lost.py). What an operator
asks of Redis (pause, resume, remove) fails within a second while it is down; counts then come from our own rows.

BullMQ's faults on this backend, as measured: waits round up to whole seconds unless it has asked the server's version;
a queue whose shared concurrency was used up is not looked at again for drainDelay (5 s), hence `wake_when_room`; a lock
that runs out during an outage starts a second run, hence locks of ten minutes, ended by the sweep when their process died.
"""

import time
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import bullmq as bull
from psycopg import AsyncConnection as Driver
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.kept import KeptConnection
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.bullmq_claims import END_LOCK, GIVE_BACK, wake_when_room
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres, job_data
from ruach_studio.infra.queues.bullmq_together import Ends, ask_together
from ruach_studio.infra.queues.dispatcher import BATCH, Dispatcher
from ruach_studio.infra.queues.policy import QUEUES, QueuePolicy, policy_of
from ruach_studio.infra.queues.port import Counts, Dispatch, Execution
from ruach_studio.infra.queues.redis_lost import LostJobs
from ruach_studio.infra.queues.store import dispatch, executions, pressure
from ruach_studio.infra.queues.store.bullmq import PARK_S
from ruach_studio.infra.redis_link import RedisAway, RedisLink, RedisRefused

_DRAIN_DELAY_S = 1.0
_RUNNING_LOCK_MS = 600_000  # renewed every 7.5 s; outlives a Redis that is away for less
_CAP = 10_000  # jobs counted, at most
# A beginning is one of few rows by their ids: its plan is always the same, and made anew takes as long as it does.
_FOR_BEGINNINGS = "-c plan_cache_mode=force_generic_plan"
_EXACT_WAITS = {"canBlockFor1Ms": True, "canDoubleTimeout": True}

log = get_logger(__name__)


class BullmqRedis(BullmqPostgres):
    """The JobQueue with its rows in `database` and BullMQ on the Redis of `link`."""

    def __init__(self, database: Database, link: RedisLink, *, policies: tuple[QueuePolicy, ...] = QUEUES) -> None:
        super().__init__(database, policies=policies)
        self.link = link
        self._lost, self._ends = LostJobs(database, link, policies), Ends(database)
        self._kept = KeptConnection(database, _FOR_BEGINNINGS)
        self._end_lock, self._give_back = (link.client.register_script(code) for code in (END_LOCK, GIVE_BACK))

    async def enqueue(self, tx: AsyncConnection, execution: Execution, *, delay_s: float) -> None:
        """Write the row of `execution`, and have the dispatcher enqueue its job when `tx` has committed."""
        await dispatch.add_new(tx, execution, job_data(execution), delay_s=delay_s)

    async def put(
        self, tx: AsyncConnection, *, queue: str, job_id: str, name: str, data: Mapping[str, Any], priority: int,
        delay_s: float,
    ) -> None:  # fmt: skip
        """Have the dispatcher enqueue the job when `tx` has committed."""
        await dispatch.add(tx, queue=queue, job_id=job_id, name=name, data=data, priority=priority, delay_s=delay_s)

    async def withdraw(self, tx: AsyncConnection, queue: str, job_id: str) -> None:
        """Have the dispatcher take the job out when `tx` has committed."""
        await dispatch.remove(tx, queue, job_id)

    async def dispatch(self) -> Dispatch:
        """See JobQueue.dispatch. Asks Redis at most twice a second, and every 2 s once it is known to be down."""
        return "queued" if await self.link.up() and not await self.link.refusal() else "pending"

    async def remove(self, queue: str, job_id: str) -> bool:
        """See JobQueue.remove. Raises RedisAway, unless Redis had not been told of the job yet."""
        async with self.database.transaction() as tx:
            execution = await executions.get(tx, job_id, lock=True)
            if execution is not None and execution.queue == queue and execution.state == "running":
                return False
            removed = await dispatch.recall(tx, queue, job_id)
            if not removed:
                async with self.link.asking() as client:
                    known = await client.exists(self._key(queue, job_id))
                    removed = bool(known) and bool(await self._queue(queue).backend.remove(job_id, False))
            if removed:
                await executions.finish(tx, job_id, "cancelled")
        return removed

    async def counts(self, queue: str) -> Counts:
        """See JobQueue.counts. What waits to be sent counts as waiting; while Redis is away our own rows are counted.

        No MULTI: a full Redis refuses even reads inside it.
        """
        async with self.database.connection() as conn:
            pending = await dispatch.pending(conn, queue)
        try:
            async with self.link.asking() as client, client.pipeline(transaction=False) as pipe:
                pipe.llen(self._key(queue, "wait"))
                pipe.llen(self._key(queue, "paused"))
                for kind in ("prioritized", "delayed", "failed"):
                    pipe.zcard(self._key(queue, kind))
                pipe.llen(self._key(queue, "active"))
                pipe.hexists(self._key(queue, "meta"), "paused")
                for job_id, _ in pending[:BATCH]:  # some may be under way: already in Redis, their rows not yet deleted
                    pipe.exists(self._key(queue, job_id))
                wait, set_aside, prioritized, delayed, failed, active, is_paused, *sent = await pipe.execute()
        except (RedisAway, RedisRefused):
            origin = next((policy.name for policy in self.policies if policy.dlq == queue), None)
            async with self.database.connection() as conn:
                return Counts(**await dispatch.count_alone(conn, queue, origin))
        unsent = Counter(kind for _, kind in pending)
        unsent.subtract(kind for (_, kind), there in zip(pending, sent, strict=False) if there)
        waiting = min(_CAP, wait + set_aside + unsent["waiting"])
        return Counts(
            waiting=0 if is_paused else waiting, paused=waiting if is_paused else 0,
            prioritized=min(_CAP, prioritized + unsent["prioritized"]), delayed=min(_CAP, delayed + unsent["delayed"]),
            active=min(_CAP, active), failed=min(_CAP, failed),
        )  # fmt: skip

    async def paused_among(self, queues: Sequence[str]) -> frozenset[str]:
        """See JobQueue.paused_among. Raises RedisAway."""
        async with self.link.asking() as client, client.pipeline(transaction=False) as pipe:
            for queue in queues:
                pipe.hexists(self._key(queue, "meta"), "paused")
            return frozenset(queue for queue, paused in zip(queues, await pipe.execute(), strict=True) if paused)

    async def _set_paused(self, queue: str, paused: bool) -> None:
        policy_of(queue, self.policies)
        async with self.link.asking():
            await self._queue(queue).backend.pause(paused)

    async def give_back(self, tx: AsyncConnection, queue: str, job_id: str, token: str) -> None:
        """Put the job back at once; if Redis is away its lock runs out instead."""
        kinds = ("active", "wait", "stalled", "paused", "meta", "limiter", "prioritized", "marker", "events")
        keys = [self._key(queue, kind) for kind in kinds]
        try:
            async with self.link.asking() as client:
                await self._give_back(keys=keys, args=[job_id, token, self._key(queue, job_id)], client=client)
        except (RedisAway, RedisRefused) as error:
            log.warning("job.give_back.failed", job=job_id, queue=queue, message=str(error))

    async def park(self, tx: AsyncConnection, queue: str, job_id: str, token: str) -> None:
        """Set the job aside among the delayed ones; if Redis is away its lock runs out, and it is claimed and held again."""
        now_ms = round(time.time() * 1000)
        try:
            async with self.link.asking():
                backend = self._queue(queue).backend
                await backend.moveToDelayed(job_id, now_ms, round(PARK_S * 1000), token, {"skipAttempt": True})
        except (RedisAway, RedisRefused) as error:
            log.warning("job.park.failed", job=job_id, queue=queue, message=str(error))

    async def release(self, tx: AsyncConnection, queue: str) -> int:
        """See JobQueue.release. While Redis is away nothing is put back now: held jobs ask again within 10 minutes."""
        parked = await pressure.pausable_waiting(tx, queue)
        try:
            async with self.link.asking() as client, client.pipeline(transaction=False) as pipe:
                for job_id in parked:
                    pipe.zscore(self._key(queue, "delayed"), job_id)
                found = [job_id for job_id, there in zip(parked, await pipe.execute(), strict=True) if there is not None]
                backend = self._queue(queue).backend
                for job_id in found:
                    await backend.promote(job_id)
        except (RedisAway, RedisRefused) as error:
            log.warning("queue.release.delayed", queue=queue, message=str(error))
            return 0
        return len(found)

    async def hush(self, conn: Driver, queues: Sequence[str]) -> None:
        """See BullmqPostgres.hush. Redis sends no notices."""

    async def end(self, run: Execution, token: str, result: Mapping[str, Any] | None) -> bool:
        """See BullmqPostgres.end. BullMQ is told by its worker, afterwards."""
        return await self._ends.end(run, result)

    async def left_active(self, queues: Sequence[str]) -> list[tuple[str, str, int, str]]:
        """See BullmqPostgres.left_active."""
        try:
            async with self.link.asking() as client, client.pipeline(transaction=False) as pipe:
                for queue in queues:
                    pipe.lrange(self._key(queue, "active"), 0, -1)
                found = zip(queues, await pipe.execute(), strict=True)
                active = [(queue, job_id) for queue, job_ids in found for job_id in job_ids]
                if not active:
                    return []
                tokens = await client.mget([self._key(*each) + ":lock" for each in active])
        except RedisAway:
            return []
        locked = [(*each, str(token)) for each, token in zip(active, tokens, strict=True) if token]
        async with self.database.connection() as conn:
            return await dispatch.left(conn, locked)

    async def end_lock(self, queue: str, job_id: str, token: str) -> bool:
        """See BullmqPostgres.end_lock."""
        keys = [self._key(queue, job_id) + ":lock", self._key(queue, "stalled")]
        async with self.link.asking() as client:
            return bool(await self._end_lock(keys=keys, args=[token, job_id], client=client))

    async def orphans(self, queues: Sequence[str]) -> list[tuple[str, str]]:
        """Return what BullMQ gave up; send again what Redis has lost (see redis_lost.py)."""
        return await self._lost.look(queues)

    async def prepare(self, policies: Sequence[QueuePolicy]) -> None:
        """Tell BullMQ how many jobs may run at once; while Redis is away the sweep does it later."""
        try:
            async with self.link.asking() as client:
                for policy in policies:
                    await client.hset(self._key(policy.name, "meta"), "concurrency", str(policy.concurrency))
        except (RedisAway, RedisRefused) as error:
            log.warning("queue.prepare.delayed", message=str(error))

    def bull_worker(self, name: str, process: Any, options: Mapping[str, Any]) -> bull.Worker:
        """See BullmqPostgres.bull_worker."""
        where = {"connection": self.link.worker_client(), "prefix": self.link.prefix, "drainDelay": _DRAIN_DELAY_S}
        worker = bull.Worker(name, process, {**options, **where})
        worker.backend.connection.capabilities = worker.backend.blocking_connection.capabilities = _EXACT_WAITS
        worker.lockManager.lock_duration = _RUNNING_LOCK_MS
        wake_when_room(worker)
        ask_together(worker.backend, self._kept, self._begun)
        return worker

    def attendants(self) -> list[Coroutine[Any, Any, None]]:
        """Return the dispatcher: every worker process stands ready to be the one that sends."""
        return [Dispatcher(self.database, self.link).run()]

    def _key(self, queue: str, kind: str) -> str:
        return f"{self.link.prefix}:{queue}:{kind}"

    def _queue(self, name: str) -> bull.Queue:
        return bull.Queue(name, {"connection": self.link.client, "prefix": self.link.prefix})
