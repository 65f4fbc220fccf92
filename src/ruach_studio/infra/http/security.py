"""Turn a browser's request into one that another site cannot forge, and every answer into one that it cannot misuse.

Three layers, each plain ASGI. Headers: a strict content policy, no sniffing, no framing. Cross-origin: an unsafe method
is refused when the browser says that another site sent it (Sec-Fetch-Site, else Origin against Host; clients that send
neither are no browsers), on top of SameSite=Lax cookies. Body: refused above a size, by its length or while it arrives,
and when it comes too slowly (a connection that waits for ever costs a place).
"""

import asyncio
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ruach_studio.infra.http.problems import LEAST_BYTES_S, TooLarge, TooSlow, problem
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Forbidden, RuachError

log = get_logger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not `no-referrer`: with it a browser sends `Origin: null` even for our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class CrossOrigin(Forbidden):
    """Another site sent this request in your name."""

    code = "cross_origin"


def content_policy(media_origins: Collection[str] = ()) -> str:
    """Return the Content-Security-Policy; `media_origins` are the CDNs that pictures and films may come from."""
    media = " ".join(["'self'", "blob:", *sorted(media_origins)])
    return (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; "
        f"img-src data: {media}; media-src {media}"
    )


class SecurityHeadersMiddleware:
    """Adds the protective headers that the route did not set itself."""

    def __init__(self, app: ASGIApp, *, secure: bool, media_origins: Collection[str] = ()) -> None:
        """Take whether the service is reached by HTTPS only (`secure`), which adds HSTS."""
        self.app = app
        headers = {**_PLAIN_HEADERS, "content-security-policy": content_policy(media_origins)}
        if secure:
            headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
        self._pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                own = {name for name, _ in headers}
                message["headers"] = headers + [pair for pair in self._pairs if pair[0] not in own]
            await send(message)

        await self.app(scope, receive, completed if scope["type"] == "http" else send)


class CrossOriginMiddleware:
    """Refuses unsafe methods that a browser sent on behalf of another site."""

    def __init__(self, app: ASGIApp, *, trusted_origins: Collection[str] = ()) -> None:
        """Take further origins (`https://studio.example`) that may write; our own needs no entry."""
        self.app = app
        self._trusted = frozenset(origin.rstrip("/") for origin in trusted_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or self._is_our_own(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin", "")
        log.warning("request.refused", code=CrossOrigin.code, path=scope["path"], origin=origin)
        error = CrossOrigin(subject=origin, remedy="Send it from the service's own pages, or with a service token.")
        await _refuse(error, scope, receive, send)

    def _is_our_own(self, headers: Headers) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and origin in self._trusted:
            return True
        if site is not None:
            return site in ("same-origin", "none")
        if origin is None:
            return True
        return urlsplit(origin).netloc == headers.get("host")


class BodyLimitMiddleware:
    """Refuses a request body above `limit_bytes`, one that is silent for `patience_s`, and after it one that drips.

    From then on what has come must be LEAST_BYTES_S a second on average: a slow line may send the largest body, and one
    byte at a time, each just before the limit, keeps no connection.
    """

    def __init__(self, app: ASGIApp, *, limit_bytes: int, patience_s: float) -> None:
        """Take the largest body that any route may need (footage is registered by path, not uploaded here) and its time."""
        self.app = app
        self.limit_bytes = limit_bytes
        self.patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting `receive`, or answer 413 at once by its Content-Length."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdecimal() or int(stated) > self.limit_bytes:
            remedy = f"Send at most {self.limit_bytes} bytes."
            await _refuse(TooLarge(subject=scope["path"], remedy=remedy), scope, receive, send)
            return
        received_bytes, whole = 0, False
        loop = asyncio.get_running_loop()
        begun_s = heard_s = loop.time()

        async def counted() -> Message:
            nonlocal received_bytes, whole, heard_s
            if whole:  # what is awaited now is that the client goes away
                return await receive()
            latest_s = min(heard_s, begun_s + received_bytes / LEAST_BYTES_S) + self.patience_s
            try:
                async with asyncio.timeout_at(latest_s):
                    message = await receive()
            except TimeoutError:
                log.warning("request.too_slow", code=TooSlow.code, path=scope["path"], received_bytes=received_bytes)
                raise HTTPException(408, headers={"connection": "close"}) from None
            heard_s = loop.time()
            received_bytes += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received_bytes > self.limit_bytes:
                raise HTTPException(413)  # FastAPI lets this class, and no other, pass while it reads a body
            return message

        await self.app(scope, counted, send)


async def _refuse(error: RuachError, scope: Scope, receive: Receive, send: Send) -> None:
    await problem(error, instance=scope["path"])(scope, receive, send)
