"""The SQL of the metrics: one statement for everything that the platform's tables know."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CAP = 10_000  # a consumer that is down for days must not make each scrape dearer

_FACTS = text(
    """
    SELECT 'jobs' AS fact, queue AS name, CASE WHEN state = 'running' THEN 'active'
             WHEN run_at > clock_timestamp() THEN 'delayed' ELSE 'waiting' END AS label,
           count(*) AS number, max(attempt) AS attempt,
           extract(epoch FROM clock_timestamp() - min(run_at)) AS age_s
      FROM platform.execution WHERE state IN ('queued', 'running') GROUP BY 2, 3
    UNION ALL
    SELECT 'dead', queue, kind, count(*), 0, extract(epoch FROM clock_timestamp() - min(created_at))
      FROM platform.dead_letter WHERE resolved_at IS NULL GROUP BY 2, 3
    UNION ALL
    SELECT 'lag', c.name, '', ahead.number + waiting.number, waiting.attempt,
           coalesce(greatest(ahead.age_s, waiting.age_s), 0)
      FROM platform.consumer c
      CROSS JOIN LATERAL (SELECT count(*) AS number, extract(epoch FROM clock_timestamp() - min(a.occurred_at)) AS age_s
        FROM (SELECT o.occurred_at FROM platform.outbox o WHERE (o.xid, o.id) > (c.xid, c.outbox_id)
          ORDER BY o.xid, o.id LIMIT :cap) a) ahead
      CROSS JOIN LATERAL (SELECT count(*) AS number, coalesce(max(w.attempts), 0) AS attempt,
          extract(epoch FROM clock_timestamp() - min(w.occurred_at)) AS age_s
        FROM (SELECT o.occurred_at, d.attempts FROM platform.delivery d JOIN platform.outbox o ON o.id = d.outbox_id
          WHERE d.consumer = c.name LIMIT :cap) w) waiting
    """
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One number: `fact` says which kind, `name` of which queue or consumer, `label` of which state or kind."""

    fact: str
    name: str
    label: str
    number: int
    attempt: int
    age_s: float


async def read_facts(conn: AsyncConnection) -> list[Fact]:
    """Return depth, ages, dead letters and lags; whatever is empty has no row."""
    rows = await conn.execute(_FACTS, {"cap": _CAP})
    return [Fact(row.fact, row.name, row.label, int(row.number), int(row.attempt), float(row.age_s)) for row in rows]
