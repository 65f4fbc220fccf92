"""Turn events of other pillars into use cases of this one: a published render joins the content catalogue."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope
from ruach_studio.events.render import RenderCompleted
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.triage import triage_event
from ruach_studio.formation.usecases.keep_artifact import keep_artifact
from ruach_studio.infra.outbox import Consumer
from ruach_studio.infra.queues import JobError


def consumers(_services: FormationServices) -> list[Consumer]:
    """Return what formation listens to: `render.completed`."""

    async def completed(tx: AsyncConnection, envelope: Envelope) -> None:
        await keep_artifact(tx, envelope)

    def named(error: JobError) -> Mapping[str, Any] | None:
        row = triage_event(error.code)
        return None if row is None else row.to_wire()

    return [Consumer("formation.keep-artifact", frozenset({RenderCompleted.event_type}), completed, triage=named)]
