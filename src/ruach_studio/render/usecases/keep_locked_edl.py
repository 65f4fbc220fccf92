"""Turn the news that an EDL was locked into render's own copy of it. Rendering itself is asked for by an operator."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope
from ruach_studio.kernel.clock import Clock
from ruach_studio.render.plan import read_edl
from ruach_studio.render.store import edls

CONSUMER = "render.keep-locked-edl"


async def keep_locked_edl(tx: AsyncConnection, envelope: Envelope, clock: Clock) -> None:
    """Store the EDL of an `edl.locked` event. Raises EdlUnreadable (the event is then parked for a person)."""
    wire = cast(Mapping[str, object], envelope.payload["edl"])
    edl = read_edl(wire)
    await edls.keep(
        tx, edl.session_id, edl.version, wire, locked_by=str(envelope.payload.get("lockedBy", "")), at=clock.now()
    )
