"""Turn a job's life into its row in platform.execution; every change of state wakes whoever follows the job.

queued → running → completed | failed (a retry follows) | dead-letter (none does) | cancelled. The last four are final:
every update names the states it may leave, so a late worker can never overwrite an end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection as Driver
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db.direct import DirectStatement
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store.jsonb import to_jsonb, without_nul

CHANGED_CHANNEL = "ruach_execution"
CANCEL_CHANNEL = "ruach_cancel"
WORKER_LOCK_CLASS = 0x52574B52  # "RWKR"

FIELDS = (
    "id", "queue", "name", "payload", "automation_id", "correlation_id", "attempt", "retry_of", "priority", "state",
    "starts", "error", "result", "pausable",
)  # fmt: skip
_FIELDS = ", ".join(FIELDS)
INSERT = (
    "INSERT INTO platform.execution"
    " (id, queue, name, payload, automation_id, correlation_id, attempt, retry_of, priority, run_at,"
    " pausable)"
    " VALUES (:id, :queue, :name, CAST(:payload AS jsonb), :automation_id, :correlation_id, :attempt, :retry_of, :priority,"
    " clock_timestamp() + make_interval(secs => :delay_s), :pausable)"
)
_ANNOUNCE = "pg_notify(:channel, :id)"
_ANNOUNCE_ALL = DirectStatement(text("SELECT count(pg_notify(:channel, id)) FROM unnest(CAST(:ids AS text[])) AS t(id)"))
_FINISH = DirectStatement(
    text(
        "WITH ended AS (UPDATE platform.execution SET state = :state, "  # noqa: S608
        "result = CAST(:result AS jsonb), error = CAST(:error AS jsonb),"
        " finished_at = clock_timestamp(), heartbeat_at = clock_timestamp(), progress_seq = progress_seq + 1"
        " WHERE id = :id AND state IN ('queued', 'running') AND (CAST(:starts AS integer) IS NULL OR starts = :starts)"
        f" RETURNING 1) SELECT {_ANNOUNCE} FROM ended"
    )
)
_PROGRESS = text(
    "UPDATE platform.execution SET progress = CAST(:progress AS jsonb), progress_seq = progress_seq + 1,"
    " heartbeat_at = clock_timestamp() WHERE id = :id AND state = 'running' AND starts = :starts"
)
_RELEASE = text(
    "UPDATE platform.execution SET state = 'queued', worker = NULL, progress_seq = progress_seq + 1"
    " WHERE id = :id AND state = 'running' AND starts = :starts"
)
_SNAPSHOT = text(
    "SELECT e.progress_seq, e.state, e.progress, e.error, e.result, n.id AS retried_as,"
    " (e.state = 'queued' AND e.pausable AND EXISTS (SELECT 1 FROM platform.queue_pressure p"
    " WHERE p.queue = e.queue AND p.paused_since IS NOT NULL)) AS held FROM platform.execution e"
    " LEFT JOIN platform.execution n ON n.retry_of = e.id WHERE e.id = :id"
)
_CHAIN = text(
    "WITH RECURSIVE chain AS (SELECT id, retry_of, attempt, error, started_at, finished_at FROM platform.execution"
    " WHERE id = :id UNION ALL SELECT e.id, e.retry_of, e.attempt, e.error, e.started_at, e.finished_at"
    " FROM platform.execution e JOIN chain ON e.id = chain.retry_of WHERE chain.attempt > 1)"
    " SELECT id, attempt, error, started_at, finished_at FROM chain ORDER BY attempt"
)
_ORPHANS = text(
    """
    SELECT e.id, coalesce(j.failed_reason, 'the job vanished from its queue') AS fact
      FROM platform.execution e LEFT JOIN bullmq.job j ON j.queue = e.queue AND j.id = e.id
     WHERE e.state IN ('queued', 'running') AND e.queue = ANY(:queues)
       AND e.created_at < clock_timestamp() - interval '5 seconds'
       AND (j.state = 'failed' OR j.id IS NULL)
     LIMIT 100
    """
)
DEAD = (
    "NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid::bigint = :class"
    " AND l.objid::bigint = {worker} AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
# Nobody attends to a job whose execution has ended, so that BullMQ missed it, or whose claim's process is dead: the claim's
# token begins with its number (see worker.py; not that of an older release). Cancelled and not begun may be in good hands.
_NUMBERED = r"j.lock_token ~ '^[0-9]+\.'"
_CLAIMANT = f"CASE WHEN {_NUMBERED} THEN split_part(j.lock_token, '.', 1)::bigint ELSE e.worker END"
LEFT = (
    "SELECT e.id, e.queue, e.starts, j.lock_token"  # noqa: S608
    " FROM {active} JOIN platform.execution e ON e.queue = j.queue AND e.id = j.id"
    " WHERE e.state IN ('completed', 'failed', 'dead-letter')"
    f" OR (e.state <> 'queued' OR {_NUMBERED}) AND {DEAD.format(worker=_CLAIMANT)} LIMIT 1000"
)
_ACTIVE = "(SELECT * FROM bullmq.job WHERE queue = ANY(:queues) AND state = 'active' AND lock_token IS NOT NULL) j"
_LEFT_ACTIVE = text(LEFT.format(active=_ACTIVE))


def values(new: Execution, *, delay_s: float) -> dict[str, Any]:
    """Return what INSERT takes for a new execution. Raises BadInput if its payload holds NUL."""
    return {
        "id": new.job_id, "queue": new.queue, "name": new.name,
        "payload": to_jsonb(new.payload, subject=f"{new.queue}/{new.name}"), "automation_id": new.automation_id,
        "correlation_id": new.correlation_id, "attempt": new.attempt, "retry_of": new.retry_of, "priority": new.priority,
        "delay_s": float(delay_s), "pausable": new.pausable,
    }  # fmt: skip


async def get(conn: AsyncConnection, job_id: str, *, lock: bool = False) -> Execution | None:
    """Return the execution, or None; `lock` keeps others from changing it until the transaction ends."""
    statement = f"SELECT {_FIELDS} FROM platform.execution WHERE id = :id" + (" FOR UPDATE" if lock else "")  # noqa: S608
    row = (await conn.execute(text(statement), {"id": job_id})).one_or_none()
    return None if row is None else _execution(row)


async def finish(
    tx: AsyncConnection, job_id: str, state: str, *, starts: int | None = None,
    result: Mapping[str, Any] | None = None, error: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """End the execution, if it has not ended and (where given) `starts` is its latest run; say whether that was so."""
    given = {
        "id": job_id, "state": state, "starts": starts, "channel": CHANGED_CHANNEL,
        "result": None if result is None else to_jsonb(result, subject=job_id),
        "error": None if error is None else without_nul(error),
    }  # fmt: skip
    return bool(await _FINISH.run(tx, given))


async def release(tx: AsyncConnection, job_id: str, starts: int) -> bool:
    """Put a running execution back to queued; say whether this run still owned it."""
    return (await tx.execute(_RELEASE, {"id": job_id, "starts": starts})).rowcount == 1


async def save_progress(tx: AsyncConnection, job_id: str, starts: int, progress: Mapping[str, Any]) -> bool:
    """Store the latest progress of a running execution."""
    given = {"id": job_id, "starts": starts, "progress": to_jsonb(progress, subject=job_id)}
    done = (await tx.execute(_PROGRESS, given)).rowcount == 1
    if done:
        await announce(tx, job_id)
    return done


async def announce(tx: AsyncConnection, job_id: str) -> None:
    """Wake the followers of the job when `tx` commits."""
    await tx.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CHANGED_CHANNEL, "id": job_id})


async def announce_all(conn: Driver, job_ids: Sequence[str]) -> None:
    """Wake the followers of many jobs."""
    await _ANNOUNCE_ALL.run(conn, {"channel": CHANGED_CHANNEL, "ids": list(job_ids)})


async def announce_cancel(tx: AsyncConnection, job_id: str) -> None:
    """Tell every worker, when `tx` commits, that the job is cancelled."""
    await tx.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CANCEL_CHANNEL, "id": job_id})


async def cancelled_among(conn: AsyncConnection, job_ids: Sequence[str]) -> list[str]:
    """Return those of `job_ids` that are cancelled: what a worker asks after its ears were closed for a while."""
    statement = text("SELECT id FROM platform.execution WHERE id = ANY(:ids) AND state = 'cancelled'")
    return list((await conn.execute(statement, {"ids": list(job_ids)})).scalars())


async def snapshot(conn: AsyncConnection, job_id: str) -> tuple[int, dict[str, Any]] | None:
    """Return (sequence number, {state, progress, error, result, retriedAs, held}) of the job, or None."""
    row = (await conn.execute(_SNAPSHOT, {"id": job_id})).one_or_none()
    if row is None:
        return None
    shown = {
        "jobId": job_id, "state": row.state, "progress": row.progress, "error": row.error, "result": row.result,
        "retriedAs": row.retried_as, "held": row.held,
    }  # fmt: skip
    return int(row.progress_seq), shown


async def chain_of(conn: AsyncConnection, job_id: str) -> list[dict[str, Any]]:
    """Return the attempts of the ladder that ended with `job_id`, first one first, each with its id and error."""
    rows = (await conn.execute(_CHAIN, {"id": job_id})).all()
    return [
        {
            "jobId": row.id, "attempt": row.attempt, "error": row.error,
            "startedAt": row.started_at and row.started_at.isoformat(),
            "finishedAt": row.finished_at and row.finished_at.isoformat(),
        }
        for row in rows
    ]  # fmt: skip


async def orphans(conn: AsyncConnection, queues: Sequence[str]) -> list[tuple[str, str]]:
    """Return (job id, fact) of open executions whose BullMQ job has failed or vanished without us."""
    return [(row.id, row.fact) for row in await conn.execute(_ORPHANS, {"queues": list(queues)})]


async def left_active(conn: AsyncConnection, queues: Sequence[str]) -> list[tuple[str, str, int, str]]:
    """Return (job id, queue, starts, token of BullMQ's lock) of active jobs that have ended or whose worker is dead."""
    rows = await conn.execute(_LEFT_ACTIVE, {"queues": list(queues), "class": WORKER_LOCK_CLASS})
    return [(row.id, row.queue, row.starts, row.lock_token) for row in rows]


async def prove_alive(conn: psycopg.AsyncConnection, worker: int) -> None:
    """Hold, as long as `conn` lives, the lock that says that worker process `worker` lives."""
    await conn.execute("SELECT pg_advisory_lock(%s, %s)", (WORKER_LOCK_CLASS, worker))


async def next_worker_number(tx: AsyncConnection) -> int:
    """Draw the number under which a worker process proves that it lives."""
    return int(await tx.scalar(text("SELECT nextval('platform.worker_seq')")) or 0)


def _execution(row: Row[Any]) -> Execution:
    fields = dict(row._mapping)
    return Execution(job_id=fields.pop("id"), **fields)
