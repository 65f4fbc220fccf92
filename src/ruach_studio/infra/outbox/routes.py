"""Turn the outbox into an operator's event stream (SSE): pressure, EDLs, renders, ghosts, dead letters, as they happen."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from starlette.responses import Response

from ruach_studio.events.envelope import Envelope
from ruach_studio.events.registry import OPERATOR_EVENTS
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.db import Database
from ruach_studio.infra.http import sse
from ruach_studio.infra.outbox.tail import position_of, tail
from ruach_studio.infra.outbox.tail_store import Position
from ruach_studio.infra.routes import Routes

Reader = Annotated[Principal, Depends(require("operator", scope="ops:read"))]
RECENT_MAX = 500


def router(database: Database) -> Routes:
    """Return GET /ops/events."""
    ops = Routes(prefix="/ops", tags=["operations"])

    @ops.get("/events", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def events(
        _: Reader, recent: Annotated[int, Query(ge=0, le=RECENT_MAX)] = 0,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> sse.EventStream:  # fmt: skip
        """Stream what operators watch, after Last-Event-ID; without one the newest `recent` events, then what comes."""
        return sse.stream(_events(database, position_of(last_event_id), recent))

    return ops


async def _events(database: Database, after: Position | None, recent: int) -> AsyncIterator[sse.SseEvent]:
    async with aclosing(tail(database, OPERATOR_EVENTS, after=after, recent=recent)) as steps:  # type: ignore[type-var]
        async for step in steps:
            if step.event is None:
                yield sse.SseEvent(step.position, "ready", {})
            else:
                yield sse.SseEvent(step.position, step.event.event_type, shown(step.event))


def shown(envelope: Envelope) -> dict[str, Any]:
    """Return the data of an event: its envelope. An EDL is left out; `GET /sessions/{id}/edl` has it."""
    return {
        "eventId": envelope.event_id, "eventType": envelope.event_type, "version": envelope.version,
        "occurredAt": envelope.occurred_at.isoformat(), "correlationId": envelope.correlation_id,
        "automationId": envelope.automation_id, "payload": dict(envelope.payload),
    }  # fmt: skip
