"""Turn GET and HEAD /media/{key} into the stored object's bytes, with ranges, for players that seek.

`router` serves the bytes from the disk; `signed_router` leads on to the bucket (307), under an address signed for a while,
so that the address which events and rows carry never expires.

Who may read is the composition root's choice (setting `media_public`): published renders are public by default, since
the page of a member plays them and their keys hold an unguessable render job id; otherwise give a role as `guard`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from ruach_studio.infra.routes import Routes
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import BadKey, SigningStore
from ruach_studio.infra.storage.ranges import ObjectResponse
from ruach_studio.kernel.errors import NotFound

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole object", "content": {"application/octet-stream": {}}},
    206: {"description": "The range asked for", "content": {"application/octet-stream": {}}},
    304: {"description": "Unchanged since the given ETag or date"},
    404: {"description": "Nothing is stored under this key", "content": {"application/problem+json": {}}},
    416: {"description": "The range lies beyond the end"},
}


class NoSuchObject(NotFound):
    """Nothing is stored under this key."""

    code = "no_such_object"


def router(store: LocalDiskStore, *, guard: Callable[..., Any]) -> Routes:
    """Return the routes that serve `store`; `guard` is `public()` or `require(...)` of infra.auth."""
    media = Routes(tags=["media"], dependencies=[Depends(guard)])

    async def read_object(key: str) -> Response:
        try:
            opened = await asyncio.to_thread(store.open, key)
        except BadKey as error:  # a path outside the grammar of keys cannot exist, and says nothing more to a prober
            raise NoSuchObject(subject=key[:80]) from error
        if opened is None:
            raise NoSuchObject(subject=key)
        return ObjectResponse(opened)

    for method in ("GET", "HEAD"):
        media.add_api_route(
            "/media/{key:path}",
            read_object,
            methods=[method],
            name=f"media.{method.lower()}",
            summary="Read a stored object",
            response_class=Response,
            responses=_ANSWERS,
            operation_id=f"{method.lower()}Media",
        )
    return media


def signed_router(store: SigningStore, *, guard: Callable[..., Any]) -> Routes:
    """Return the routes that lead to `store`'s objects; ranges are the bucket's to answer."""
    media = Routes(tags=["media"], dependencies=[Depends(guard)])

    async def lead_to_object(key: str, request: Request) -> Response:
        try:
            address = await asyncio.to_thread(store.reading_url, key, request.method)
        except BadKey as error:
            raise NoSuchObject(subject=key[:80]) from error
        return RedirectResponse(address, 307, {"Cache-Control": "no-store"})

    for method in ("GET", "HEAD"):
        media.add_api_route(
            "/media/{key:path}",
            lead_to_object,
            methods=[method],
            name=f"media.{method.lower()}",
            summary="Find a stored object",
            response_class=Response,
            responses={307: {"description": "Where the object is served"}, 404: _ANSWERS[404]},
            operation_id=f"{method.lower()}Media",
        )
    return media
