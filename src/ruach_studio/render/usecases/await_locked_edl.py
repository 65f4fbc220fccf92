"""Turn "it was locked a moment ago" into a short wait, never into a render of the version before.

An EDL comes to render as an event, some 30 ms after it was locked, longer while the event relay is away. The outbox knows
what is still on its way, so only that is waited for.
"""

import asyncio
import time

from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.outbox import is_on_its_way
from ruach_studio.render.store import edls
from ruach_studio.render.usecases.keep_locked_edl import CONSUMER
from ruach_studio.render.usecases.services import RenderServices

PATIENCE_S = 3.0
_LOOK_AGAIN_S = 0.05


class EdlOnItsWay(edls.NoLockedEdl):
    """The EDL was locked and has not reached render yet."""

    code = "edl_on_its_way"
    retryable = True


async def await_locked_edl(services: RenderServices, session_id: str, version: int | None) -> None:
    """Return when no locked EDL of the session (None: none at all; else: this version) is on its way. Raises EdlOnItsWay."""
    deadline_s = time.monotonic() + PATIENCE_S
    while await _is_awaited(services, session_id, version):
        if time.monotonic() >= deadline_s:
            raise EdlOnItsWay(
                subject=f"session {session_id}",
                remedy="Try again; if it stays, see whether a process that serves render runs (`/readyz`).",
            )
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _is_awaited(services: RenderServices, session_id: str, version: int | None) -> bool:
    part: dict[str, object] = {"sessionId": session_id}
    async with services.database.connection() as conn:
        if version is not None:
            part["edlVersion"] = version
            if await edls.is_kept(conn, session_id, version):
                return False
        return await is_on_its_way(conn, CONSUMER, EdlLocked.event_type, part)
