"""What BullMQ has not seen end, on either backend: {queue, id, state, execution, lock_s, stalled_count} of each job."""

from typing import Any

import psycopg
import redis

from ruach_studio.infra.queues.policy import QUEUES

_HELD = """SELECT j.queue, j.id, j.state, j.stalled_count, e.state AS execution,
    round(j.locked_until_ms / 1000.0 - extract(epoch FROM clock_timestamp()), 1) AS lock_s
    FROM bullmq.job j LEFT JOIN platform.execution e USING (id)
    WHERE j.state::text NOT IN ('completed', 'failed') AND j.queue NOT LIKE '%-dlq'"""
_STATES = "SELECT id, state FROM platform.execution WHERE id = ANY(%s)"


def held_by_postgres(conn: psycopg.Connection) -> list[dict[str, Any]]:
    """Ask BullMQ's own table; the dead-letter queues hold what they are for."""
    return conn.execute(_HELD).fetchall()


def held_by_redis(conn: psycopg.Connection, url: str) -> list[dict[str, Any]]:
    """Ask BullMQ's lists in Redis, and the rows for what the jobs came to."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        lists = {"active": client.lrange, "wait": client.lrange, "prioritized": client.zrange, "delayed": client.zrange}
        held = [
            {"queue": policy.name, "id": job_id, "state": state, "lock_s": client.ttl(f"bull:{policy.name}:{job_id}:lock")}
            for policy in QUEUES
            for state, among in lists.items()
            for job_id in among(f"bull:{policy.name}:{state}", 0, -1)
        ]
    ended = {row["id"]: row["state"] for row in conn.execute(_STATES, ([each["id"] for each in held],))}
    return [{**each, "execution": ended.get(each["id"]), "stalled_count": "?"} for each in held]
