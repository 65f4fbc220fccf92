"""Turn an event into an outbox row in the caller's transaction: it is announced exactly if its cause is committed."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Event
from ruach_studio.infra.context import current, new_id, require_correlation_id
from ruach_studio.infra.outbox import store


async def publish(tx: AsyncConnection, event: Event) -> str:
    """Write `event` with the ids bound in infra.context; the relay wakes at commit. Returns the event's id (UUIDv4).

    Raises CorrelationMissing without a correlation id, BadInput if the payload holds the NUL character.
    """
    event_id = new_id()
    await store.insert_event(
        tx, event_id=event_id, event_type=event.event_type, version=event.version, payload=event.payload(),
        correlation_id=require_correlation_id(), automation_id=current().automation_id,
    )  # fmt: skip
    return event_id
