"""Turn a parked event into a due one again, once its cause is mended."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.outbox import store
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.kernel.errors import NotFound


class NotParked(NotFound):
    """This event is not parked for this consumer."""

    code = "event_not_parked"


async def redeliver(tx: AsyncConnection, consumer: str, event_id: str, *, actor: str, reason: str) -> None:
    """Resolve the dead letter and let the relay try again, with a full ladder. Raises NotParked."""
    closed = await dead_letters.resolve(
        tx, kind="event", queue=consumer, source_id=event_id, actor=actor, resolution=f"redelivered: {reason}"
    )
    if not closed or not await store.redeliver(tx, consumer, event_id):
        raise NotParked(subject=f"{consumer}/{event_id}")
