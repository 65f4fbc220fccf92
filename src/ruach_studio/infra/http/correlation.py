"""Turn each request into one traced piece of work: X-Correlation-ID in, bound to every log line, and on every answer.

The outermost layer, outside the one that makes 500s, so that an unforeseen error and an event stream carry the id too.
A given id counts only if it is one lower-case UUIDv4; anything else is replaced, never echoed.
"""

import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.http.problems import unforeseen
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.ids import is_uuid4

log = get_logger(__name__)

HEADER = "X-Correlation-ID"
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class CorrelationIdMiddleware:
    """Binds the correlation id, stamps it on the answer, and records how the request ended."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the whole application, not a part of its middleware."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request under its id; WebSockets and lifespan pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist(HEADER)
        correlation_id = given[0] if len(given) == 1 and is_uuid4(given[0]) else new_id()
        with bind(correlation_id=correlation_id):
            await _Exchange(scope, send, correlation_id).run(self.app, receive)


class _Exchange:
    """One request and what has been answered so far."""

    def __init__(self, scope: Scope, send: Send, correlation_id: str) -> None:
        self.scope, self.send, self.correlation_id = scope, send, correlation_id
        self.status = 0
        self.complete = False

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        started_s = time.perf_counter()
        try:
            await app(self.scope, receive, self.stamped)
        except Exception as error:
            log.exception("request.failed", method=self.scope["method"], path=self.scope["path"], error=type(error).__name__)
            if not self.status:
                await unforeseen(self.scope["path"])(self.scope, receive, self.stamped)
            elif not self.complete:
                raise  # half an answer is out: only the server can tell the client, by cutting the connection
        finally:
            level = log.debug if self.scope["path"] in _QUIET_PATHS else log.info
            level(
                "request.finished",
                method=self.scope["method"],
                path=self.scope["path"],
                status=self.status or int(HTTPStatus.INTERNAL_SERVER_ERROR),
                duration_ms=round((time.perf_counter() - started_s) * 1000, 1),
            )

    async def stamped(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message.setdefault("headers", [])
            MutableHeaders(scope=message)[HEADER] = self.correlation_id
        elif message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
        await self.send(message)
