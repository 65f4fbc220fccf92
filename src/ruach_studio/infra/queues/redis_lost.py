"""Turn what Redis no longer knows as PostgreSQL does into jobs that are sent again: the rows decide.

Three ways to get there: Redis lost its data; PostgreSQL was restored from a backup, which holds nothing of Redis, beside a
new Redis; or beside the old one, which knows jobs as done that the restored rows call open. BullMQ hears of an end after its
row has it, so a job that is done there and open here comes of no race: looked at again, its row is still open.
"""

from collections.abc import Sequence

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.bullmq_postgres import dlq_job_id, job_data
from ruach_studio.infra.queues.failure import dead_job_data
from ruach_studio.infra.queues.policy import QueuePolicy, policy_of
from ruach_studio.infra.queues.store import dispatch, executions
from ruach_studio.infra.redis_link import RedisAway, RedisLink, RedisRefused

_LOOK_AT = 500  # open jobs, or dead letters, compared with Redis in one sweep
_LETTERS_EVERY = 15  # sweeps: half a minute

log = get_logger(__name__)


class LostJobs:
    """Compares the rows of `database` with the Redis of `link`, some at a time, one after the other."""

    def __init__(self, database: Database, link: RedisLink, policies: tuple[QueuePolicy, ...]) -> None:
        self._database, self._link, self._policies = database, link, policies
        self._jobs_to, self._letters_to, self._sweeps = "", "", 0

    async def look(self, queues: Sequence[str]) -> list[tuple[str, str]]:
        """Return (job id, reason) of open jobs that BullMQ gave up; send again what Redis has lost, or calls done.

        Every half minute it looks for the jobs of open dead letters too. Nothing happens while Redis is away, or full.
        """
        try:
            given_up = await self._jobs(queues)
            if self._sweeps % _LETTERS_EVERY == 0 or self._letters_to:
                await self._letters(queues)
        except (RedisAway, RedisRefused):
            return []
        self._sweeps += 1
        return given_up

    async def _jobs(self, queues: Sequence[str]) -> list[tuple[str, str]]:
        async with self._database.connection() as conn:
            open_jobs = await dispatch.known(conn, queues, self._jobs_to, _LOOK_AT)
        self._jobs_to = open_jobs[-1][0] if len(open_jobs) == _LOOK_AT else ""
        async with self._link.asking() as client, client.pipeline(transaction=False) as pipe:
            for name in queues:
                cap = policy_of(name, self._policies).concurrency
                pipe.hset(self._key(name, "meta"), "concurrency", str(cap))  # a Redis that lost everything lost this
            for job_id, queue, _ in open_jobs:
                pipe.zscore(self._key(queue, "failed"), job_id)
                pipe.hget(self._key(queue, job_id), "failedReason")
                pipe.exists(self._key(queue, job_id))
                pipe.zscore(self._key(queue, "completed"), job_id)
            found = (await pipe.execute())[len(queues) :]
        given_up = []
        for number, (job_id, queue, unattended) in enumerate(open_jobs):
            failed, reason, exists, done = found[4 * number : 4 * number + 4]
            if failed is not None:
                given_up.append((job_id, reason or "BullMQ gave the job up"))
            elif unattended and (not exists or done is not None):
                await self._send_again(job_id, queue, done=done is not None)
        return given_up

    async def _send_again(self, job_id: str, queue: str, *, done: bool) -> None:
        async with self._database.transaction() as tx:
            execution = await executions.get(tx, job_id)
            if execution is None or execution.state not in ("queued", "running"):
                return
            if done:  # BullMQ knows a job by its id, and would take no second one
                await dispatch.remove(tx, queue, job_id)
            if await dispatch.add_again(tx, execution, job_data(execution)):
                log.warning("job.sent_again", job=job_id, queue=queue)

    async def _letters(self, queues: Sequence[str]) -> None:
        async with self._database.connection() as conn:
            letters = await dispatch.letters_known(conn, queues, self._letters_to, _LOOK_AT)
        self._letters_to = letters[-1][0] if len(letters) == _LOOK_AT else ""
        if not letters:
            return
        dlqs = {name: policy_of(name, self._policies).dlq for name in queues}
        async with self._link.asking() as client, client.pipeline(transaction=False) as pipe:
            for job_id, queue in letters:
                pipe.exists(self._key(dlqs[queue], dlq_job_id(job_id)))
            there = await pipe.execute()
        for (job_id, queue), exists in zip(letters, there, strict=True):
            if not exists:
                await self._bury_again(job_id, dlqs[queue])

    async def _bury_again(self, job_id: str, dlq: str) -> None:
        async with self._database.transaction() as tx:
            dead = await executions.get(tx, job_id)
            if dead is None or not await dispatch.hold_letter(tx, job_id):
                return
            await dispatch.add(
                tx, queue=dlq, job_id=dlq_job_id(job_id), name=dead.name, data=dead_job_data(dead, dead.error or {}),
                priority=0, delay_s=0.0,
            )  # fmt: skip
        log.warning("job.sent_again", job=job_id, queue=dlq)

    def _key(self, queue: str, kind: str) -> str:
        return f"{self._link.prefix}:{queue}:{kind}"
