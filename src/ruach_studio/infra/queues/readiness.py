"""Turn "does Redis answer and take writes" into one line of /readyz: without it the service is degraded, never down."""

from ruach_studio.infra.http.health import Check, Health
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.bullmq_redis import BullmqRedis
from ruach_studio.infra.queues.store import dispatch
from ruach_studio.infra.redis_link import RedisLink


def redis_ready(link: RedisLink, queue: BullmqPostgres) -> Check:
    """Return the check: what is lost while Redis is away, and how many jobs wait to be sent to it."""

    async def redis() -> Health:
        up, refusal = await link.up(), await link.refusal()
        if not isinstance(queue, BullmqRedis):
            if up and not refusal:
                return Health()
            return Health("degraded", f"{_why(up, refusal)}; the shared cache is skipped")
        async with queue.database.connection() as conn:
            waiting = await dispatch.all_pending(conn)
        if not up or refusal:
            until = "it takes them" if up else "it is back"
            return Health("degraded", f"{_why(up, refusal)}; {waiting} jobs wait until {until}")
        return Health("ok", f"{waiting} jobs on their way" if waiting else "")

    return redis


def _why(up: bool, refusal: str) -> str:
    return f"it refuses writes ({refusal.rstrip('.')})" if up else "no answer"
