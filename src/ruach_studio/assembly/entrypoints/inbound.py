"""Turn events of other pillars into use cases of this one.

A published render makes its session published; what render tells of a derivative stands in its row.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.derivative import TELLINGS
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.hear_of_derivative import hear_of_derivative
from ruach_studio.assembly.usecases.publish_session import publish_session
from ruach_studio.events.envelope import Envelope
from ruach_studio.events.render import RenderCompleted
from ruach_studio.infra.outbox import Consumer

RELAY = "relay:assembly"


def consumers(services: AssemblyServices) -> list[Consumer]:
    """Return what this pillar listens to."""

    async def completed(tx: AsyncConnection, envelope: Envelope) -> None:
        payload = envelope.payload
        await publish_session(
            tx, services, str(payload["sessionId"]), actor=RELAY, reason=f"{payload['format']} is published"
        )

    async def told(tx: AsyncConnection, envelope: Envelope) -> None:
        await hear_of_derivative(tx, services, envelope)

    return [
        Consumer("assembly.sessions", [RenderCompleted.event_type], completed),
        Consumer("assembly.derivatives", TELLINGS, told),
    ]
