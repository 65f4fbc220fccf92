"""Turn an async iterator of events into a server-sent event stream that beats, ends and cleans up.

A comment goes out every `heartbeat_s` of silence, so that proxies keep the line open. When the source ends, the client
gets `event: end` and should close. After `lifetime_s` the stream closes with `retry:` and a browser comes back with
Last-Event-ID. If the source fails, `event: problem` carries the code. The source is closed in every case, in the task
that read it, also when the client goes away.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ruach_studio.infra.context import current
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import RuachError

log = get_logger(__name__)

HEARTBEAT_S = 15.0
LIFETIME_S = 600.0
RETRY_MS = 2000
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: `id` for Last-Event-ID (None = none), a name, and JSON data (a str is sent as it is)."""

    id: str | None
    event: str
    data: Mapping[str, Any] | str

    def to_bytes(self) -> bytes:
        """Return the event in the wire form of the HTML standard; raise ValueError for a line break in id or name."""
        if any(mark in f"{self.id or ''}{self.event}" for mark in "\r\n\0"):
            raise ValueError("an event's id and name are single lines")
        text = self.data if isinstance(self.data, str) else json.dumps(self.data, separators=(",", ":"), allow_nan=False)
        lines = [f"id: {self.id}"] if self.id is not None else []
        lines += [f"event: {self.event}", *(f"data: {line}" for line in text.splitlines() or [""])]
        return ("\n".join(lines) + "\n\n").encode()


def last_seen(header: str | None) -> int:
    """Return the number in a Last-Event-ID header; 0, the beginning, without one that could be one of ours (a bigint)."""
    return int(header) if header is not None and len(header) <= 18 and header.isascii() and header.isdecimal() else 0


def stream(
    source: AsyncIterator[SseEvent], *, heartbeat_s: float = HEARTBEAT_S, lifetime_s: float = LIFETIME_S
) -> "EventStream":
    """Return the response that sends `source`; give each call its own iterator."""
    return EventStream(source, heartbeat_s, lifetime_s)


class EventStream(Response):
    """The answer of a streaming route; made by `stream`."""

    media_type = "text/event-stream"

    def __init__(self, source: AsyncIterator[SseEvent], heartbeat_s: float, lifetime_s: float) -> None:
        """Take the source; nothing is read before the response is sent."""
        self.source, self.heartbeat_s, self.lifetime_s = source, heartbeat_s, lifetime_s
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the source ends or fails, the lifetime is over, or the client is gone."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await _close(self.source)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        ready: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        reader = asyncio.create_task(self._read(ready))
        writer = asyncio.create_task(self._write(ready, send))
        gone = asyncio.create_task(_disconnected(receive))
        tasks = (reader, writer, gone)
        try:
            await asyncio.wait((writer, gone), return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                writer.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, ready: asyncio.Queue[bytes | None]) -> None:
        try:
            try:
                async for event in self.source:
                    await ready.put(event.to_bytes())
            finally:
                await _close(self.source)
            last = SseEvent(None, "end", {"reason": "complete"})
        except Exception as error:
            log.exception("stream.failed", error=type(error).__name__)
            last = _failure(error)
        await ready.put(last.to_bytes())
        await ready.put(None)

    async def _write(self, ready: asyncio.Queue[bytes | None], send: Send) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.lifetime_s
        await send({"type": "http.response.body", "body": b": open\n\n", "more_body": True})
        block: bytes | None = b""
        while block is not None:
            wait_s = min(self.heartbeat_s, deadline - loop.time())
            if wait_s <= 0:
                retry = f"retry: {RETRY_MS}\n\n".encode()
                await send({"type": "http.response.body", "body": retry, "more_body": True})
                break
            try:
                block = await asyncio.wait_for(ready.get(), wait_s)
            except TimeoutError:
                block = b": beat\n\n" if deadline > loop.time() else b""
            if block:
                await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _failure(error: Exception) -> SseEvent:
    known = error if isinstance(error, RuachError) and error.status != 500 else RuachError("an unexpected error")
    data = {
        "code": known.code if known is error else "internal",
        "detail": str(known),
        "retryable": known.retryable,
        "correlationId": current().correlation_id,
    }
    return SseEvent(None, "problem", data)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _close(source: AsyncIterator[SseEvent]) -> None:
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
