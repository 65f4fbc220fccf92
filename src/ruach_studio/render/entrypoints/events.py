"""Turn events of the other pillars into render's use cases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.assembly import EdlLocked
from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.outbox import Consumer
from ruach_studio.infra.queues import JobError
from ruach_studio.render.triage import triage_of
from ruach_studio.render.usecases.keep_locked_edl import keep_locked_edl
from ruach_studio.render.usecases.services import RenderServices


def consumers(services: RenderServices) -> list[Consumer]:
    """Return what render listens to: `edl.locked`."""

    async def on_edl_locked(tx: AsyncConnection, envelope: Envelope) -> None:
        await keep_locked_edl(tx, envelope, services.clock)

    def named(error: JobError) -> Mapping[str, Any] | None:
        row = triage_of(error.code)
        return None if row is None else row.to_wire()

    return [Consumer("render.keep-locked-edl", frozenset({EdlLocked.event_type}), on_edl_locked, triage=named)]
