"""Turn "does Redis answer" into one line of /readyz: without it the service is degraded, never down."""

from ruach_studio.infra.http.health import Check, Health
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.bullmq_redis import BullmqRedis
from ruach_studio.infra.queues.store import dispatch
from ruach_studio.infra.redis_link import RedisLink


def redis_ready(link: RedisLink, queue: BullmqPostgres) -> Check:
    """Return the check: what is lost while Redis is away, and how many jobs wait to be sent to it."""

    async def redis() -> Health:
        up = await link.up()
        if not isinstance(queue, BullmqRedis):
            return Health() if up else Health("degraded", "no answer; the shared cache is skipped")
        async with queue.database.connection() as conn:
            waiting = await dispatch.all_pending(conn)
        if not up:
            return Health("degraded", f"no answer; {waiting} jobs wait until it is back")
        return Health("ok", f"{waiting} jobs on their way" if waiting else "")

    return redis
