"""Turn what render tells of a derivative into its row. What is no news changes nothing (assembly/derivative.py)."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.derivative import heard
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import derivatives
from ruach_studio.events.envelope import Envelope


async def hear_of_derivative(tx: AsyncConnection, services: AssemblyServices, envelope: Envelope) -> None:
    """Take a `derivative.begun`, `derivative.made` or `derivative.failed` event to the row that it is about."""
    payload = cast(Mapping[str, Any], envelope.payload)
    row = await derivatives.lock(tx, str(payload["derivativeId"]))
    if row is None:
        return
    changes = heard(row.state, row.job_id, envelope.event_type, payload)
    if changes is not None:
        await derivatives.put(tx, row.derivative_id, at=services.clock.now(), **changes)
