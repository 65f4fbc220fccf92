"""Turn the queues into what an operator looks at: depth, level and since when, what is held, the oldest, the dead."""

from dataclasses import dataclass
from datetime import datetime

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.pressure import Level, Pressure
from ruach_studio.infra.queues.store import pressure as store


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue now. `depth` = waiting + prioritized + delayed + paused. `held` jobs wait for an operator's resume.

    `paused_since`: since when non-critical work pauses, None if it does not. `oldest_waiting_s` is of due jobs only.
    """

    queue: str
    pillar: str
    depth: int
    level: Level
    level_since: datetime | None
    paused_since: datetime | None
    held: int
    waiting: int
    prioritized: int
    delayed: int
    paused: int
    active: int
    dead_letters: int
    oldest_waiting_s: float
    concurrency: int


async def watch(database: Database, queue: BullmqPostgres) -> list[QueueView]:
    """Look at every queue, in the order of the policy table. Raises Unavailable."""
    async with database.connection() as conn:
        pressures, waiting, dead = await store.every(conn), await store.waiting(conn), await store.dead(conn)
    views = []
    for policy in queue.policies:
        counts = await queue.counts(policy.name)
        kept = pressures.get(policy.name) or Pressure(policy.name)
        held, oldest_s = waiting.get(policy.name, (0, 0.0))
        views.append(QueueView(
            policy.name, policy.pillar, counts.depth, kept.level, kept.level_since, kept.paused_since, held,
            counts.waiting, counts.prioritized, counts.delayed, counts.paused, counts.active, dead.get(policy.name, 0),
            round(oldest_s, 1), policy.concurrency,
        ))  # fmt: skip
    return views
