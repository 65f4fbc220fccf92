"""Turn "BullMQ on Redis must hear of this" into rows that commit with the caller's, and read what is still waiting.

One row per job to add or remove, in the order of `seq`. At least once: a row is deleted after Redis has taken it, and Redis
knows a job by its id. Used with the Redis backend only; bullmq_redis.py writes the rows, dispatcher.py sends them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection as Driver
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db.direct import DirectStatement
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store import executions
from ruach_studio.infra.queues.store.executions import WORKER_LOCK_CLASS

CHANNEL = "ruach_dispatch"
LEADER_LOCK = 0x52445350  # "RDSP": one process dispatches, so that order holds
_COUNT_CAP = 10_000
_ADD = (
    "INSERT INTO platform.dispatch (verb, queue, job_id, name, data, priority, run_at) VALUES ('add', :queue, :id,"
    " :name, CAST(:data AS jsonb), :priority, clock_timestamp() + make_interval(secs => :delay_s))"
)
_NOTIFY = "SELECT pg_notify(:notice, '')"
# The notice carries what it tells of, if it has room, so that whoever dispatches need not read the row first.
_NOTICE_BYTES = 7900  # PostgreSQL takes less than 8000, and the number stands before it
_TELL = "SELECT pg_notify(:notice, CASE WHEN :message = '' THEN '' ELSE seq || ' ' || :message END) FROM d"
_ADD_ALONE = text(f"WITH d AS ({_ADD}) {_NOTIFY}")
_ADD_NEW = DirectStatement(text(f"WITH e AS ({executions.INSERT}), d AS ({_ADD} RETURNING seq) {_TELL}"))
# after a crash a row is sent again, and known by its id: not worth waiting for the disk
_TAKEN = DirectStatement(
    text(
        "WITH gone AS (DELETE FROM platform.dispatch WHERE seq = ANY(:seqs))"
        " SELECT set_config('synchronous_commit', 'off', true)"
    )
)
_REMOVE = text("INSERT INTO platform.dispatch (verb, queue, job_id) VALUES ('remove', :queue, :job_id)")
_RECALL = text("DELETE FROM platform.dispatch WHERE job_id = :job_id AND queue = :queue AND verb = 'add'")
_NEXT = text(
    "SELECT seq, verb, queue, job_id, name, data, priority,"
    " greatest(0, extract(epoch FROM run_at - clock_timestamp()))::float8 AS delay_s"
    " FROM platform.dispatch ORDER BY seq LIMIT :limit"
)
_PENDING = text(
    "SELECT job_id, CASE WHEN run_at > clock_timestamp() THEN 'delayed' WHEN priority > 0 THEN 'prioritized' ELSE 'waiting'"
    " END AS kind FROM platform.dispatch WHERE queue = :queue AND verb = 'add' ORDER BY seq LIMIT :cap"
)
_ROWS_ALONE = text(
    "SELECT count(*) FILTER (WHERE state = 'running') AS active,"
    " count(*) FILTER (WHERE state = 'queued' AND run_at > clock_timestamp()) AS delayed,"
    " count(*) FILTER (WHERE state = 'queued' AND run_at <= clock_timestamp() AND priority > 0) AS prioritized,"
    " count(*) FILTER (WHERE state = 'queued' AND run_at <= clock_timestamp() AND priority = 0) AS waiting"
    " FROM (SELECT * FROM platform.execution WHERE queue = :queue AND state IN ('queued', 'running') LIMIT :cap) e"
)
_LETTERS_ALONE = text(
    "SELECT count(*) FROM (SELECT 1 FROM platform.dead_letter WHERE queue = :queue AND kind = 'job' AND resolved_at IS NULL"
    " LIMIT :cap) l"
)
_ACTIVE = "unnest(CAST(:queues AS text[]), CAST(:ids AS text[]), CAST(:tokens AS text[])) AS j(queue, id, lock_token)"
_LEFT = text(executions.LEFT.format(active=_ACTIVE))
_TOLD = text(
    f"SELECT e.id, e.queue, e.state = 'queued' OR {executions.DEAD.format(worker='e.worker')}"  # noqa: S608
    " AS unattended FROM platform.execution e WHERE e.queue = ANY(:queues) AND e.id > :after"
    " AND e.state IN ('queued', 'running') AND e.created_at < clock_timestamp() - interval '5 seconds'"
    " AND NOT EXISTS (SELECT 1 FROM platform.dispatch d WHERE d.job_id = e.id) ORDER BY e.id LIMIT :limit"
)
_LETTERS = text(
    "SELECT l.source_id, l.queue FROM platform.dead_letter l WHERE l.kind = 'job' AND l.resolved_at IS NULL"
    " AND l.queue = ANY(:queues) AND l.source_id > :after AND l.created_at < clock_timestamp() - interval '5 seconds'"
    " ORDER BY l.source_id LIMIT :limit"
)
_HOLD_LETTER = text(
    "SELECT 1 FROM platform.dead_letter WHERE kind = 'job' AND source_id = :id AND resolved_at IS NULL FOR UPDATE"
)
_ADD_AGAIN = text(
    "INSERT INTO platform.dispatch (verb, queue, job_id, name, data, priority, run_at)"
    " SELECT 'add', queue, id, name, CAST(:data AS jsonb), priority, run_at FROM platform.execution e"
    " WHERE id = :id AND state IN ('queued', 'running')"
    " AND NOT EXISTS (SELECT 1 FROM platform.dispatch d WHERE d.job_id = e.id AND d.verb = 'add')"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that Redis has to be told. `delay_s` is what is left of the job's delay."""

    seq: int
    verb: str
    queue: str
    job_id: str
    name: str
    data: Mapping[str, Any]
    priority: int
    delay_s: float


async def add(
    tx: AsyncConnection, *, queue: str, job_id: str, name: str, data: Mapping[str, Any], priority: int, delay_s: float
) -> None:
    """Have the job enqueued once `tx` has committed."""
    given = {
        "queue": queue, "id": job_id, "name": name, "data": json.dumps(data), "priority": priority,
        "delay_s": float(delay_s), "notice": CHANNEL,
    }  # fmt: skip
    await tx.execute(_ADD_ALONE, given)


async def add_new(tx: AsyncConnection, new: Execution, data: Mapping[str, Any], *, delay_s: float) -> None:
    """Write the row of an execution and have its job enqueued once `tx` has committed, in one statement."""
    data_json = json.dumps(data)
    message = ""
    if not delay_s:
        message = json.dumps({"queue": new.queue, "job_id": new.job_id, "name": new.name, "priority": new.priority})
        message = f'{message[:-1]}, "data": {data_json}}}'
    if len(message) > _NOTICE_BYTES:  # all ASCII
        message = ""
    given = {**executions.values(new, delay_s=delay_s), "data": data_json, "notice": CHANNEL, "message": message}
    await _ADD_NEW.run(tx, given)


def told(notice: str) -> "Waiting | None":
    """Return what a notice tells of; None if it only says that something waits."""
    seq, _, message = notice.partition(" ")
    return Waiting(seq=int(seq), verb="add", delay_s=0.0, **json.loads(message)) if message else None


async def remove(tx: AsyncConnection, queue: str, job_id: str) -> None:
    """Have the job taken out of its queue once `tx` has committed, or not sent. A row that is there may have been sent."""
    await recall(tx, queue, job_id)
    await tx.execute(_REMOVE, {"queue": queue, "job_id": job_id})
    await announce(tx)


async def recall(tx: AsyncConnection, queue: str, job_id: str) -> bool:
    """Take back what was not sent yet; say whether there was such a row. One being sent right now may still arrive."""
    return (await tx.execute(_RECALL, {"queue": queue, "job_id": job_id})).rowcount > 0


async def add_again(tx: AsyncConnection, execution: Execution, data: Mapping[str, Any]) -> bool:
    """Have an open job that Redis has lost enqueued once more, under the same id; say whether it was still open."""
    again = (await tx.execute(_ADD_AGAIN, {"id": execution.job_id, "data": json.dumps(data)})).rowcount == 1
    if again:
        await announce(tx)
    return again


async def announce(tx: AsyncConnection) -> None:
    """Wake the dispatcher when `tx` commits; many in one transaction are one notice."""
    await tx.execute(text(_NOTIFY), {"notice": CHANNEL})


async def next_waiting(conn: AsyncConnection, limit: int) -> list[Waiting]:
    """Return what waits longest, oldest first."""
    return [Waiting(**row._mapping) for row in await conn.execute(_NEXT, {"limit": limit})]


async def taken(conn: Driver, seqs: Sequence[int]) -> None:
    """Forget what Redis has taken."""
    await _TAKEN.run(conn, {"seqs": list(seqs)})


async def pending(conn: AsyncConnection, queue: str) -> list[tuple[str, str]]:
    """Return (job id, waiting | prioritized | delayed) of what waits to be sent to `queue`, oldest first, up to the cap."""
    return [(row.job_id, row.kind) for row in await conn.execute(_PENDING, {"queue": queue, "cap": _COUNT_CAP})]


async def all_pending(conn: AsyncConnection) -> int:
    """Count everything that waits to be sent, up to the cap."""
    statement = text("SELECT count(*) FROM (SELECT 1 FROM platform.dispatch LIMIT :cap) d")
    return int(await conn.scalar(statement, {"cap": _COUNT_CAP}) or 0)


async def count_alone(conn: AsyncConnection, queue: str, origin: str | None) -> dict[str, int]:
    """Count the jobs of `queue` by our own rows: waiting, prioritized, delayed, active; of `origin`, if given, the letters.

    `origin` is the queue whose dead letters `queue` holds.
    """
    if origin is not None:
        return {"waiting": int(await conn.scalar(_LETTERS_ALONE, {"queue": origin, "cap": _COUNT_CAP}) or 0)}
    return dict((await conn.execute(_ROWS_ALONE, {"queue": queue, "cap": _COUNT_CAP})).one()._mapping)


async def left(conn: AsyncConnection, active: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, int, str]]:
    """Return (job id, queue, starts, token) of what has ended or was claimed by a process now dead.

    `active` are (queue, job id, token of the lock).
    """
    given = {"queues": [each[0] for each in active], "ids": [each[1] for each in active]}
    tokens = [each[2] for each in active]
    rows = await conn.execute(_LEFT, {**given, "tokens": tokens, "class": WORKER_LOCK_CLASS})
    return [(row.id, row.queue, row.starts, row.lock_token) for row in rows]


async def known(conn: AsyncConnection, queues: Sequence[str], after: str, limit: int) -> list[tuple[str, str, bool]]:
    """Return (job id, queue, whether no living worker runs it) of open jobs that Redis should know, by id after `after`."""
    given = {"queues": list(queues), "class": WORKER_LOCK_CLASS, "after": after, "limit": limit}
    return [(row.id, row.queue, row.unattended) for row in await conn.execute(_TOLD, given)]


async def letters_known(conn: AsyncConnection, queues: Sequence[str], after: str, limit: int) -> list[tuple[str, str]]:
    """Return (job id, queue) of the dead whose letters are open, by id after `after`: Redis should know them as dead."""
    rows = await conn.execute(_LETTERS, {"queues": list(queues), "after": after, "limit": limit})
    return [(row.source_id, row.queue) for row in rows]


async def hold_letter(tx: AsyncConnection, job_id: str) -> bool:
    """Keep the dead job's letter open until `tx` ends; False if it is resolved."""
    return (await tx.execute(_HOLD_LETTER, {"id": job_id})).first() is not None
