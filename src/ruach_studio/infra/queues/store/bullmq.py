"""Turn queue operations into calls of BullMQ's own SQL functions, inside the caller's transaction.

Signatures are those of bullmq 3.4.4 (pinned): the functions carry their search path, so they may be called from any
session. `attempts` is always 1 here: the retry ladder is ours, since BullMQ would retry under the same id.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection as Driver
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db.direct import DirectStatement
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store import executions

KEEP_COMPLETED = {"age": 24 * 3600, "count": 1000}
KEEP_FAILED = {"age": 7 * 24 * 3600, "count": 5000}
_COUNT_CAP = 10_000

_ADD = (
    "SELECT bullmq.add_job(:queue, :id, :name, CAST(:data AS jsonb), CAST(:opts AS jsonb), :priority, :delay_ms, :now_ms,"
    " 1, NULL, NULL, NULL, NULL, NULL, false)"
)
_ADD_NEW = DirectStatement(text(f"WITH row AS ({executions.INSERT}) {_ADD}"))
_HUSH = "SELECT pg_try_advisory_lock(hashtext(%s))"  # false: another worker process does it
_COUNTS = text(
    """
    SELECT
      (SELECT count(*) FROM (SELECT 1 FROM bullmq.job
        WHERE queue = :queue AND state = 'waiting' AND priority = 0 LIMIT :cap) a) AS waiting,
      (SELECT count(*) FROM (SELECT 1 FROM bullmq.job
        WHERE queue = :queue AND state = 'waiting' AND priority > 0 LIMIT :cap) b) AS prioritized,
      (SELECT count(*) FROM (SELECT 1 FROM bullmq.job WHERE queue = :queue AND state = 'delayed' LIMIT :cap) c) AS delayed,
      (SELECT count(*) FROM (SELECT 1 FROM bullmq.job WHERE queue = :queue AND state = 'active' LIMIT :cap) d) AS active,
      (SELECT count(*) FROM (SELECT 1 FROM bullmq.job WHERE queue = :queue AND state = 'failed' LIMIT :cap) e) AS failed,
      EXISTS (SELECT 1 FROM bullmq.meta WHERE queue = :queue AND field = 'paused' AND value = '1') AS is_paused
    """
)
_CAP = text(
    "INSERT INTO bullmq.meta (queue, field, value) VALUES (:queue, 'concurrency', :cap)"
    " ON CONFLICT (queue, field) DO UPDATE SET value = EXCLUDED.value"
    " WHERE bullmq.meta.value IS DISTINCT FROM EXCLUDED.value"
)
# A dead process renews nothing. Its jobs' locks are ended now, marked as seen, so that BullMQ's next check takes them back.
# Only its own: a living worker that has just taken the job over holds it under another token.
_EXPIRE = text(
    "UPDATE bullmq.job SET locked_until_ms = 1, stalled_marked = true WHERE queue = :queue AND id = :id AND state = 'active'"
    " AND lock_token = :token"
)
# A held job waits among the delayed ones, in the queue's depth. If nobody releases it, it asks again by itself.
PARK_S = 600.0
_PARK = text("SELECT bullmq.move_to_delayed(:queue, :id, :token, :until_ms, :delay_ms, true, NULL, NULL)")
_UNPARK = text(
    "SELECT count(bullmq.promote(j.queue, j.id)) FROM (SELECT b.queue, b.id FROM platform.execution e"
    " JOIN bullmq.job b ON b.queue = e.queue AND b.id = e.id AND b.state = 'delayed'"
    " WHERE e.queue = :queue AND e.state = 'queued' AND e.pausable AND e.run_at <= clock_timestamp()"
    " ORDER BY e.created_at, e.id) j"
)


async def add_job(
    tx: AsyncConnection, *, queue: str, job_id: str, name: str, data: Mapping[str, Any], priority: int, delay_s: float
) -> None:
    """Put a job into BullMQ's table; it becomes visible when `tx` commits."""
    given = _values(queue=queue, job_id=job_id, name=name, data=data, priority=priority, delay_s=delay_s)
    await tx.execute(text(_ADD), given)


async def add_new(tx: AsyncConnection, new: Execution, data: Mapping[str, Any], *, delay_s: float) -> None:
    """Write the row of an execution and its job in one statement: one round trip."""
    job = _values(queue=new.queue, job_id=new.job_id, name=new.name, data=data, priority=new.priority, delay_s=delay_s)
    await _ADD_NEW.run(tx, {**executions.values(new, delay_s=delay_s), **job})


def _values(*, queue: str, job_id: str, name: str, data: Mapping[str, Any], priority: int, delay_s: float) -> dict[str, Any]:
    opts: dict[str, Any] = {"jobId": job_id, "attempts": 1, "removeOnComplete": KEEP_COMPLETED, "removeOnFail": KEEP_FAILED}
    if priority:
        opts["priority"] = priority
    if delay_s:
        opts["delay"] = _ms(delay_s)
    return {
        "queue": queue, "id": job_id, "name": name, "data": json.dumps(data),
        "opts": json.dumps(opts),
        "priority": priority, "delay_ms": _ms(delay_s), "now_ms": _ms(time.time()),
    }  # fmt: skip


async def remove_job(tx: AsyncConnection, queue: str, job_id: str) -> bool:
    """Delete a job that no worker holds; say whether one was deleted."""
    removed = await tx.scalar(text("SELECT bullmq.remove(:queue, :id, false)"), {"queue": queue, "id": job_id})
    return bool(removed)


async def give_back(tx: AsyncConnection, queue: str, job_id: str, token: str) -> None:
    """Put a job that this worker holds under `token` back among the waiting ones."""
    await tx.execute(
        text("SELECT bullmq.move_active_to_wait(:queue, :id, :token, :now_ms)"),
        {"queue": queue, "id": job_id, "token": token, "now_ms": _ms(time.time())},
    )


async def park(tx: AsyncConnection, queue: str, job_id: str, token: str) -> None:
    """Set a job that this worker holds under `token` aside, for `unpark`."""
    until_ms = _ms(time.time() + PARK_S)
    given = {"queue": queue, "id": job_id, "token": token, "until_ms": until_ms, "delay_ms": _ms(PARK_S)}
    await tx.execute(_PARK, given)


async def unpark(tx: AsyncConnection, queue: str) -> int:
    """Put the parked jobs of `queue` back among the waiting ones, oldest first; jobs of the retry ladder keep their time."""
    return int(await tx.scalar(_UNPARK, {"queue": queue}) or 0)


async def expire_lock(tx: AsyncConnection, queue: str, job_id: str, token: str) -> bool:
    """End the lock `token` of a job whose worker process is known to be dead; say whether it still held the job."""
    return (await tx.execute(_EXPIRE, {"queue": queue, "id": job_id, "token": token})).rowcount == 1


async def hush(conn: Driver, queues: Sequence[str]) -> None:
    """Keep BullMQ from notices of the events of `queues` (bullmq_events) as long as `conn` lives.

    Its publish_event sends one only if nobody else holds the queue's lock for that. Each makes its commit wait for those of
    all others with a notice, disk and all, and it wakes QueueEvents alone, which look by themselves too.
    """
    for queue in queues:
        await conn.execute(_HUSH, (f"bullmq:evnotify:{queue}",))


async def count_jobs(conn: AsyncConnection, queue: str) -> dict[str, int]:
    """Return waiting, prioritized, delayed, active, failed (each up to the cap) and is_paused (0 or 1)."""
    row = (await conn.execute(_COUNTS, {"queue": queue, "cap": _COUNT_CAP})).one()
    return {name: int(value) for name, value in row._mapping.items()}


async def set_paused(tx: AsyncConnection, queue: str, paused: bool) -> None:
    """Pause or resume a queue for every worker."""
    await tx.execute(text("SELECT bullmq.pause(:queue, :paused)"), {"queue": queue, "paused": paused})


async def paused_among(conn: AsyncConnection, queues: Sequence[str]) -> frozenset[str]:
    """Return those of `queues` that are paused."""
    statement = text("SELECT queue FROM bullmq.meta WHERE queue = ANY(:queues) AND field = 'paused' AND value = '1'")
    return frozenset((await conn.execute(statement, {"queues": list(queues)})).scalars())


async def set_concurrency(tx: AsyncConnection, queue: str, cap: int) -> None:
    """Let at most `cap` jobs of `queue` run at once, over all processes."""
    await tx.execute(_CAP, {"queue": queue, "cap": str(cap)})


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
