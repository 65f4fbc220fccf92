"""Turn each request into one traced piece of work: X-Correlation-ID in, bound to every log line, and on every answer.

The outermost layer, outside the one that makes 500s, so that an unforeseen error and an event stream carry the id too.
A given id counts only if it is one lower-case UUIDv4; anything else is replaced, never echoed.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.http.problems import stopping, unforeseen
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.taps import Answered
from ruach_studio.infra.tracing import span
from ruach_studio.kernel.ids import is_uuid4

log = get_logger(__name__)

HEADER = "X-Correlation-ID"
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
OnAnswer = Callable[[Answered], None]


class CorrelationIdMiddleware:
    """Binds the correlation id, stamps it on the answer, and records how the request ended."""

    def __init__(self, app: ASGIApp, on_answer: Sequence[OnAnswer] = ()) -> None:
        """Wrap the whole application, not a part of its middleware; `on_answer` hear how each request ended."""
        self.app, self.on_answer = app, on_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request under its id; WebSockets and lifespan pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist(HEADER)
        known = len(given) == 1 and is_uuid4(given[0])
        correlation_id = given[0] if known else new_id()
        method = scope["method"]
        with (
            bind(correlation_id=correlation_id, anew=True),
            span(method, "server", {"method": method}, fresh=not known) as traced,
        ):
            exchange = _Exchange(scope, send, correlation_id)
            try:
                await exchange.run(self.app, receive)
            finally:
                answer = exchange.answered()
                traced.set("route", answer.route or "(none)")
                traced.set("status", answer.status)
                if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    traced.failed(f"answered {answer.status}")
                for listener in self.on_answer:
                    listener(answer)


class _Exchange:
    """One request and what has been answered so far."""

    def __init__(self, scope: Scope, send: Send, correlation_id: str) -> None:
        self.scope, self.send, self.correlation_id = scope, send, correlation_id
        self.status = 0
        self.complete = False
        self.at, self.started_s = SystemClock().now(), time.perf_counter()
        self.began_s: float | None = None

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self.scope, receive, self.stamped)
        except asyncio.CancelledError:  # the server ends and has waited long enough
            if not self.status:
                log.warning("request.cut_off", method=self.scope["method"], path=self.scope["path"])
                await stopping(self.scope["path"])(self.scope, receive, self.stamped)
            raise
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
                duration_ms=round((time.perf_counter() - self.started_s) * 1000, 1),
            )

    async def stamped(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.began_s = time.perf_counter() - self.started_s
            message.setdefault("headers", [])
            MutableHeaders(scope=message)[HEADER] = self.correlation_id
        elif message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
        await self.send(message)

    def answered(self) -> Answered:
        """Return what is told of this exchange: the route's template, never the path or the query."""
        took_s = time.perf_counter() - self.started_s
        principal = self.scope.get("ruach.principal")
        return Answered(
            method=self.scope["method"], route=getattr(self.scope.get("route"), "path", None),
            status=self.status or int(HTTPStatus.INTERNAL_SERVER_ERROR), at=self.at,
            began_s=took_s if self.began_s is None else self.began_s, took_s=took_s, correlation_id=self.correlation_id,
            actor=getattr(principal, "actor", None), roles=getattr(principal, "roles", frozenset()),
        )  # fmt: skip
