"""Turn events of the other pillars into render's use cases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.assembly import EdlLocked
from ruach_studio.events.derivative import DerivativesRequested, DerivativeWithdrawn
from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.outbox import Consumer
from ruach_studio.infra.queues import JobError
from ruach_studio.render import triage, triage_derivatives
from ruach_studio.render.usecases.enqueue_derivatives import enqueue_derivatives, withdraw_derivative
from ruach_studio.render.usecases.keep_locked_edl import CONSUMER, keep_locked_edl
from ruach_studio.render.usecases.services import RenderServices


def consumers(services: RenderServices) -> list[Consumer]:
    """Return what render listens to: `edl.locked`, and what assembly wants of its footage."""

    async def on_edl_locked(tx: AsyncConnection, envelope: Envelope) -> None:
        await keep_locked_edl(tx, envelope, services.clock)

    async def on_derivatives(tx: AsyncConnection, envelope: Envelope) -> None:
        wish = enqueue_derivatives if envelope.event_type == DerivativesRequested.event_type else withdraw_derivative
        await wish(tx, services, envelope)

    def of_edl(error: JobError) -> Mapping[str, Any] | None:
        row = triage.triage_of(error.code)
        return None if row is None else row.to_wire()

    def of_derivative(error: JobError) -> Mapping[str, Any] | None:
        row = triage_derivatives.triage_of(error.code, error.message)
        return None if row is None else row.to_wire()

    wishes = frozenset({DerivativesRequested.event_type, DerivativeWithdrawn.event_type})
    return [
        Consumer(CONSUMER, frozenset({EdlLocked.event_type}), on_edl_locked, triage=of_edl),
        Consumer("render.derivatives", wishes, on_derivatives, triage=of_derivative),
    ]
