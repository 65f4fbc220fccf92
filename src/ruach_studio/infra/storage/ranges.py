"""Turn a Range request and an open object into the bytes asked for: 200, 206, 304 or 416 (RFC 9110, sections 13 and 14).

One range is honoured; several at once, another unit or a malformed header are ignored, as the RFC allows, and the whole
object is sent. The ETag is the SHA-256, so it is strong and If-Range can trust it. The open file is the one that was
described: replacing the key in mid-transfer changes nothing for this reader.
"""

import asyncio
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ruach_studio.infra.storage.local_disk import OpenObject
from ruach_studio.infra.storage.port import StoredObject

_BLOCK_BYTES = 256 * 1024
_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE)


class ObjectResponse(Response):
    """Sends one open object and closes it, whatever happens; answers HEAD with the headers alone."""

    def __init__(self, opened: OpenObject) -> None:
        """Take the object; the request's headers are read when the response is sent."""
        stored = opened.stored
        self.opened = opened
        self.status_code = 200
        self.background = None
        self.init_headers(
            {
                "content-type": stored.content_type,
                "cache-control": stored.cache_control,
                "etag": f'"{stored.sha256}"',
                "last-modified": _http_date(stored),
                "accept-ranges": "bytes",
                "cross-origin-resource-policy": "cross-origin",
                # What we serve here is never a page: a stored HTML or SVG file may not run on this origin.
                "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
            }
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the status that the request's conditions and range lead to."""
        try:
            start, end_exclusive = self._decide(Headers(scope=scope))
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                await self._send_bytes(start, end_exclusive, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.opened.file.close()

    def _decide(self, asked: Headers) -> tuple[int, int]:
        stored = self.opened.stored
        self.status_code, start, end_exclusive = 200, 0, stored.size_bytes
        if _unchanged(asked, stored):
            self.status_code, end_exclusive = 304, 0
            return 0, 0
        wanted = _ONE_RANGE.fullmatch(asked.get("range", ""))
        if wanted and any(wanted.groups()) and _range_may_be_used(asked, stored):
            self.status_code, start, end_exclusive = _satisfied(wanted[1], wanted[2], stored.size_bytes)
        if self.status_code == 206:
            self.headers["content-range"] = f"bytes {start}-{end_exclusive - 1}/{stored.size_bytes}"
        elif self.status_code == 416:
            self.headers["content-range"] = f"bytes */{stored.size_bytes}"
            self.headers["cache-control"] = "no-store"
        self.headers["content-length"] = str(end_exclusive - start)
        return start, end_exclusive

    async def _send_bytes(self, start: int, end_exclusive: int, send: Send) -> None:
        file, left = self.opened.file, end_exclusive - start
        file.seek(start)
        while left:
            block = await asyncio.to_thread(file.read, min(_BLOCK_BYTES, left))
            if not block:
                raise OSError(f"{self.opened.stored.key} ended {left} bytes early")
            left -= len(block)
            await send({"type": "http.response.body", "body": block, "more_body": True})


def _satisfied(first: str, last: str, size: int) -> tuple[int, int, int]:
    """Return status, start and end of `first-last`, `first-` or `-suffix_length` within `size` bytes."""
    if not first:
        start, end_exclusive = max(size - int(last), 0), size
    else:
        start, end_exclusive = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < int(first):
            return 200, 0, size  # not a valid range at all: ignored
    return (206, start, end_exclusive) if start < end_exclusive else (416, 0, 0)


def _unchanged(asked: Headers, stored: StoredObject) -> bool:
    if (tags := asked.get("if-none-match")) is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or f'"{stored.sha256}"' in known
    return (since := _moment(asked.get("if-modified-since"))) is not None and _stored_at(stored) <= since


def _range_may_be_used(asked: Headers, stored: StoredObject) -> bool:
    condition = asked.get("if-range")
    return condition is None or condition in (f'"{stored.sha256}"', _http_date(stored))


def _stored_at(stored: StoredObject) -> datetime:
    return (stored.stored_at or datetime.now(UTC)).replace(microsecond=0)


def _http_date(stored: StoredObject) -> str:
    return format_datetime(_stored_at(stored), usegmt=True)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
