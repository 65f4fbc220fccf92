"""Turn the two moments of a job's run, its beginning and its end, into one statement each: every job pays for both.

On PostgreSQL BullMQ's row changes in the same statement: its claim begins the run, and the run's end ends BullMQ's job. That
is a round trip and a commit less each, and no death in between leaves one told and the other not. On Redis the row goes
alone. Where more has to be done than the one statement can (a held job, a dead letter to settle), the caller does it in a
transaction. Followers are woken by announcer.py, except by `complete`.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection as Driver
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db.direct import DirectStatement
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store.bullmq import KEEP_COMPLETED
from ruach_studio.infra.queues.store.executions import CHANGED_CHANNEL, FIELDS
from ruach_studio.infra.queues.store.jsonb import to_jsonb

_BULLMQ_REFUSED = "BM001"
_JOB = (
    "id", "name", "data", "opts", "priority", "delay_ms", "attempts_made", "attempts_started", "stalled_count",
    "added_at_ms", "processed_at_ms", "stacktrace", "scheduler_id", "dedup_id", "deferred_failure", "parent_id",
    "parent_queue", "parent_key",
)  # fmt: skip


def _of(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


_STARTS = (
    "SET state = 'running', starts = starts + 1, worker = :worker, heartbeat_at = clock_timestamp(),"
    " started_at = coalesce(started_at, clock_timestamp()), progress_seq = progress_seq + 1"
)
_MAY_START = (
    "({row}.state = 'running' OR {row}.state = 'queued' AND NOT ({row}.pausable AND EXISTS"
    " (SELECT 1 FROM platform.queue_pressure p WHERE p.queue = {row}.queue AND p.paused_since IS NOT NULL)))"
)
# Where rows are locked first, the locked row is asked: a condition on the updated one would let the planner go through the
# index of all open executions, thousands in a burst, instead of through the primary key.
_FREE = "f.id, f.state, f.pausable, f.queue FROM"
# Not worth waiting for the disk: if a crash of the server loses it, the job is open still, and this run's end finds that it
# owns nothing any more.
_BEGIN = DirectStatement(
    text(
        f"WITH begun AS (UPDATE platform.execution e {_STARTS} WHERE e.id = :id AND {_MAY_START.format(row='e')}"  # noqa: S608
        f" RETURNING {_of('e', FIELDS)})"
        f" SELECT {', '.join(FIELDS)} FROM begun, set_config('synchronous_commit', 'off', true)"
    )
)
# What another holds is not waited for: the others of the moment would wait with it.
_BEGIN_ALL = DirectStatement(
    text(
        f"WITH free AS MATERIALIZED (SELECT {_FREE} platform.execution f WHERE f.id = ANY(CAST(:ids AS text[]))"  # noqa: S608
        f" FOR NO KEY UPDATE SKIP LOCKED), begun AS (UPDATE platform.execution e {_STARTS} FROM free"
        f" WHERE e.id = free.id AND {_MAY_START.format(row='free')} RETURNING {_of('e', FIELDS)})"
        f" SELECT {', '.join(FIELDS)} FROM begun, set_config('synchronous_commit', 'off', true)"
    )
)
# BullMQ's row is locked first here, and last by whoever cancels: so the execution's is taken only if nobody holds it. What
# BullMQ gave up (deferred_failure) is claimed only to be failed.
_CLAIM = DirectStatement(
    text(
        "WITH claimed AS MATERIALIZED (SELECT * FROM bullmq.move_to_active(:queue, :token, CAST(:lock_ms AS bigint),"  # noqa: S608
        " CAST(:now_ms AS bigint), NULL, NULL, NULL)),"
        f" free AS MATERIALIZED (SELECT {_FREE} claimed c JOIN platform.execution f ON f.id = c.id"
        " WHERE c.deferred_failure IS NULL FOR NO KEY UPDATE OF f SKIP LOCKED),"
        f" begun AS (UPDATE platform.execution e {_STARTS} FROM free WHERE e.id = free.id"
        f" AND {_MAY_START.format(row='free')} RETURNING {_of('e', FIELDS)})"
        f" SELECT {_of('claimed', _JOB)}, {_of('begun', FIELDS)} FROM claimed LEFT JOIN begun ON true"
    )
)
_COMPLETED = (
    "UPDATE platform.execution e SET state = 'completed', result = CAST({result} AS jsonb), error = NULL,"
    " finished_at = clock_timestamp(), heartbeat_at = clock_timestamp(), progress_seq = progress_seq + 1"
)
_OPEN = "{row}.state IN ('queued', 'running') AND {row}.starts"
_DONE = f"{_COMPLETED.format(result=':result')} WHERE e.id = :id AND {_OPEN.format(row='e')} = :starts"
# A later job of the same kind about the same subject settles a dead letter, unless it worked on an older version.
_SETTLES = (
    "d.kind = 'job' AND d.queue = {job}.queue AND d.name = {job}.name AND d.resolved_at IS NULL"
    " AND {job}.payload @> d.subject AND (d.version_key IS NULL"
    " OR CAST({job}.payload->>d.version_key AS numeric) >= CAST(d.payload->>d.version_key AS numeric))"
)
_COMPLETE = DirectStatement(
    text(
        f"WITH done AS ({_DONE} RETURNING e.id, e.queue, e.name, e.payload),"  # noqa: S608
        " settled AS (UPDATE platform.dead_letter d SET resolved_at = clock_timestamp(), resolved_by = 'worker',"
        f" resolution = 'done since by job ' || done.id FROM done WHERE {_SETTLES.format(job='done')} RETURNING d.source_id)"
        " SELECT (SELECT array_agg(source_id) FROM settled) AS settled, pg_notify(:channel, :id) FROM done"
    )
)
_SETTLES_NONE = f"NOT EXISTS (SELECT 1 FROM platform.dead_letter d WHERE {_SETTLES.format(job='e')})"  # noqa: S608
_ALONE = f"{_DONE} AND {_SETTLES_NONE}"
_END_ALL = DirectStatement(
    text(
        "WITH given AS MATERIALIZED (SELECT f.id, f.state, f.starts, g.run, g.result FROM unnest(CAST(:ids AS text[]),"  # noqa: S608
        " CAST(:starts AS integer[]), CAST(:results AS text[])) AS g(id, run, result)"
        " JOIN platform.execution f ON f.id = g.id FOR NO KEY UPDATE OF f SKIP LOCKED)"
        f" {_COMPLETED.format(result='given.result')} FROM given"
        f" WHERE e.id = given.id AND {_OPEN.format(row='given')} = given.run AND {_SETTLES_NONE} RETURNING e.id"
    )
)
_END_BOTH = DirectStatement(
    text(
        f"WITH done AS ({_ALONE} RETURNING e.id)"  # noqa: S608
        " SELECT bullmq.move_to_completed(:queue, :id, :token, CAST(:told AS jsonb),"
        " CAST(:now_ms AS bigint), false, CAST(:age AS bigint), CAST(:count AS integer)) FROM done"
    )
)


class Ended(NamedTuple):
    """The end of a completed run: the job's id, which run of it, its result as JSON text."""

    id: str
    starts: int
    result: str


async def begin(conn: AsyncConnection | Driver, job_id: str, worker: int) -> Execution | None:
    """Mark the execution running on `worker`; None if it has ended, never was, or is held (see store/pressure.py)."""
    rows = await _BEGIN.run(conn, {"id": job_id, "worker": worker})
    return Execution(*rows[0]) if rows else None


async def begin_all(driver: Driver, job_ids: Sequence[str], worker: int) -> dict[str, Execution]:
    """Do as `begin` with many, by job id; what is missing was not begun, or is locked by somebody."""
    rows = await _BEGIN_ALL.run(driver, {"ids": list(job_ids), "worker": worker})
    return {execution.job_id: execution for execution in (Execution(*row) for row in rows)}


async def claim(
    driver: Driver, queue: str, token: str, *, lock_ms: int, worker: int
) -> tuple[dict[str, Any], Execution | None] | None:
    """Claim the next job of `queue` from BullMQ under `token` and begin its run; None if there is none to claim.

    Returns BullMQ's row (by column) and the execution, or None for that if the run could not begin in passing: it has ended,
    is held, is locked by somebody, or its row is younger than the statement.
    """
    given = {"queue": queue, "token": token, "lock_ms": lock_ms, "now_ms": _now_ms(), "worker": worker}
    rows = await _CLAIM.run(driver, given)
    if not rows:
        return None
    job, fields = dict(zip(_JOB, rows[0], strict=False)), rows[0][len(_JOB) :]
    return job, None if fields[0] is None else Execution(*fields)


async def complete(tx: AsyncConnection, job_id: str, *, starts: int, result: Mapping[str, Any]) -> list[str] | None:
    """End run `starts` of the execution as completed; None if it had ended or runs again.

    Returns the ids of the dead jobs about the same subject, whose letters this settled.
    """
    given = {"id": job_id, "starts": starts, "result": to_jsonb(result, subject=job_id), "channel": CHANGED_CHANNEL}
    rows = await _COMPLETE.run(tx, given)
    return list(rows[0][0] or ()) if rows else None


async def end_all(driver: Driver, runs: Sequence[Ended]) -> set[str]:
    """End runs as completed; return the ids of those that ended.

    Not of one that would settle a dead letter, is locked by somebody, had ended or runs again.
    """
    given = {
        "ids": [each.id for each in runs], "starts": [each.starts for each in runs],
        "results": [each.result for each in runs],
    }  # fmt: skip
    return {row[0] for row in await _END_ALL.run(driver, given)}


async def end_both(conn: Driver, run: Execution, token: str, result: Mapping[str, Any] | None) -> bool:
    """Do as `end`, and end the BullMQ job that is held under `token` with it. False, too, if BullMQ gave that to another.

    `conn` must commit each statement: BullMQ's refusal is an error, which undoes the whole.
    """
    given = {
        **ended(run, result)._asdict(), "queue": run.queue, "token": token, "now_ms": _now_ms(), **KEEP_COMPLETED,
        "told": "null" if result is None else to_jsonb(result, subject=run.job_id),
    }  # fmt: skip
    try:
        return bool(await _END_BOTH.run(conn, given))
    except psycopg.Error as error:
        if error.sqlstate != _BULLMQ_REFUSED:
            raise
        return False


def ended(run: Execution, result: Mapping[str, Any] | None) -> Ended:
    """Return the end of a completed run. Raises BadInput if the result holds NUL."""
    return Ended(run.job_id, run.starts, to_jsonb(result or {}, subject=run.job_id))


def _now_ms() -> int:
    return round(time.time() * 1000)
