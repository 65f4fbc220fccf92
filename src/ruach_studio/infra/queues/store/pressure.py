"""The SQL of backpressure: each queue's level, the jobs that are held while it is paused, and what an operator sees.

A job is held if it waits, is pausable and its queue is paused: computed, never stored, so that no row can be forgotten.
The claim of a held job and the operator's resume meet at the queue's row, so a job cannot be parked behind the resume.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.queues.pressure import Pressure, level_named
from ruach_studio.infra.queues.store.executions import CHANGED_CHANNEL

_FIELDS = "queue, level, level_since, depth, paused_since, correlation_id"
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('queue.pressure', 7010))")
_ALL = text(f"SELECT {_FIELDS} FROM platform.queue_pressure")  # noqa: S608
_LOCKED = text(f"SELECT {_FIELDS} FROM platform.queue_pressure WHERE queue = :queue FOR UPDATE")  # noqa: S608
_ENROL = text("INSERT INTO platform.queue_pressure (queue) SELECT unnest(CAST(:queues AS text[])) ON CONFLICT DO NOTHING")
_SAVE = text(
    "UPDATE platform.queue_pressure SET level = :level, depth = :depth, correlation_id = :correlation_id,"
    " level_since = CASE WHEN level = :level THEN level_since ELSE clock_timestamp() END,"
    " paused_since = CASE WHEN :pauses THEN coalesce(paused_since, clock_timestamp()) ELSE paused_since END"
    " WHERE queue = :queue"
)
_RESUME = text("UPDATE platform.queue_pressure SET paused_since = NULL WHERE queue = :queue AND paused_since IS NOT NULL")
_HOLDS = text(
    "SELECT 1 FROM platform.execution e JOIN platform.queue_pressure p ON p.queue = e.queue"
    " WHERE e.id = :id AND e.state = 'queued' AND e.pausable AND p.paused_since IS NOT NULL FOR SHARE OF p"
)
_TELL = text(
    "WITH touched AS (UPDATE platform.execution SET progress_seq = progress_seq + 1"
    " WHERE queue = :queue AND state = 'queued' AND pausable RETURNING id)"
    " SELECT count(pg_notify(:channel, id)) FROM touched"
)
_HELD_AMONG = text(
    "SELECT e.id FROM platform.execution e JOIN platform.queue_pressure p ON p.queue = e.queue"
    " WHERE e.id = ANY(:ids) AND e.state = 'queued' AND e.pausable AND p.paused_since IS NOT NULL"
)
_WAITING = text(
    "SELECT e.queue, count(*) FILTER (WHERE e.pausable AND p.paused_since IS NOT NULL) AS held,"
    " coalesce(extract(epoch FROM clock_timestamp() - min(e.run_at) FILTER (WHERE e.run_at <= clock_timestamp())), 0)"
    " AS oldest_s FROM platform.execution e LEFT JOIN platform.queue_pressure p ON p.queue = e.queue"
    " WHERE e.state = 'queued' GROUP BY e.queue"
)
_PAUSABLE = text(
    "SELECT id FROM platform.execution WHERE queue = :queue AND state = 'queued' AND pausable"
    " AND run_at <= clock_timestamp() ORDER BY created_at, id"
)
_DEAD = text("SELECT queue, count(*) AS dead FROM platform.dead_letter WHERE resolved_at IS NULL GROUP BY queue")


async def only_one(tx: AsyncConnection) -> bool:
    """Be the only one that judges until `tx` ends; False if another process does now."""
    return bool(await tx.scalar(_ALONE))


async def enrol(tx: AsyncConnection, queues: Sequence[str]) -> None:
    """Make sure that each queue has its row."""
    await tx.execute(_ENROL, {"queues": list(queues)})


async def every(conn: AsyncConnection) -> dict[str, Pressure]:
    """Return where each queue stands; a queue that was never judged is missing."""
    return {row.queue: _pressure(row) for row in await conn.execute(_ALL)}


async def locked(tx: AsyncConnection, queue: str) -> Pressure | None:
    """Return where a queue stands and hold its row until `tx` ends."""
    row = (await tx.execute(_LOCKED, {"queue": queue})).one_or_none()
    return None if row is None else _pressure(row)


async def save(tx: AsyncConnection, queue: str, *, level: str, depth: int, pauses: bool, correlation_id: str | None) -> None:
    """Keep a level; `pauses` begins the pause, nothing here ends it."""
    given = {"queue": queue, "level": level, "depth": depth, "pauses": pauses, "correlation_id": correlation_id}
    await tx.execute(_SAVE, given)


async def resume(tx: AsyncConnection, queue: str) -> bool:
    """End the pause; False if there was none."""
    return (await tx.execute(_RESUME, {"queue": queue})).rowcount == 1


async def holds(tx: AsyncConnection, job_id: str) -> bool:
    """Say whether the job is held, and keep a resume of its queue waiting until `tx` ends."""
    return (await tx.execute(_HOLDS, {"id": job_id})).first() is not None


async def held_among(conn: AsyncConnection, job_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `job_ids` that are held now."""
    return frozenset((await conn.execute(_HELD_AMONG, {"ids": list(job_ids)})).scalars())


async def tell_followers(tx: AsyncConnection, queue: str) -> int:
    """Wake whoever follows a pausable waiting job of `queue`; return how many jobs there are."""
    return int(await tx.scalar(_TELL, {"queue": queue, "channel": CHANGED_CHANNEL}) or 0)


async def waiting(conn: AsyncConnection) -> dict[str, tuple[int, float]]:
    """Return (held jobs, seconds that the oldest due one has waited) of each queue in which anything waits."""
    return {row.queue: (int(row.held), float(row.oldest_s)) for row in await conn.execute(_WAITING)}


async def pausable_waiting(conn: AsyncConnection, queue: str) -> list[str]:
    """Return the ids of the pausable jobs of `queue` that are due, oldest first."""
    return list((await conn.execute(_PAUSABLE, {"queue": queue})).scalars())


async def dead(conn: AsyncConnection) -> dict[str, int]:
    """Return the number of open dead letters of each queue that has any."""
    return {row.queue: int(row.dead) for row in await conn.execute(_DEAD)}


def _pressure(row: Row[Any]) -> Pressure:
    return Pressure(row.queue, level_named(row.level), row.level_since, row.depth, row.paused_since, row.correlation_id)
