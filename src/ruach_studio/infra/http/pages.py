"""Turn GET /studio/… into the built pages: files by name, and index.html for every address that is a screen of theirs.

The pages are a shell without data, so anyone may load them; what they show they ask of the API as whoever signed in. Files
under assets/ are named by their content and kept for a year; index.html is asked for anew each time. Where a file lies
beside its `.gz` and the browser takes gzip, that is sent. Without a build the answer says how to make one.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import Depends, Request
from starlette.responses import FileResponse, RedirectResponse, Response

import ruach_studio
from ruach_studio.infra.http.access import public
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.errors import NotFound, Unavailable

PREFIX = "/studio"
INDEX = "index.html"
HASHED = "assets"
_FOREVER = "public, max-age=31536000, immutable"
_RETRY_AFTER_S = 60
# by hand: what the machine's own table says of .js decides whether a browser runs it (`nosniff`)
_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".json": "application/json", ".map": "application/json",
}  # fmt: skip


class NotBuilt(Unavailable):
    """The pages are not built here."""

    code = "pages_not_built"


class NoSuchFile(NotFound):
    """The pages have no such file."""

    code = "no_such_file"


def beside_the_source() -> Path:
    """Return web/dist of the source tree that this package lies in; it need not exist."""
    return Path(ruach_studio.__file__).resolve().parents[2] / "web" / "dist"


def router(dist: Path | None = None) -> Routes:
    """Return the routes; `dist` is the folder that `npm run build` made (None: beside the source)."""
    folder = (dist or beside_the_source()).resolve()
    pages = Routes(dependencies=[Depends(public())])

    def entered() -> Response:
        return RedirectResponse(f"{PREFIX}/", status_code=307)

    def page(path: str, request: Request) -> Response:
        found = file_of(folder, path)
        packed = found.with_name(found.name + ".gz")
        headers = {"cache-control": _FOREVER if found.parent == folder / HASHED else "no-cache", "vary": "accept-encoding"}
        media_type = _TYPES.get(found.suffix, "application/octet-stream")
        if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
            return FileResponse(packed, headers={**headers, "content-encoding": "gzip"}, media_type=media_type)
        return FileResponse(found, headers=headers, media_type=media_type)

    for method in ("GET", "HEAD"):
        options: dict[str, Any] = {"methods": [method], "include_in_schema": False, "response_class": Response}
        pages.add_api_route(PREFIX, entered, **options)
        pages.add_api_route(PREFIX + "/{path:path}", page, **options)
    return pages


def file_of(folder: Path, path: str) -> Path:
    """Return the file to send for an address below /studio/. Raises NotBuilt, and NoSuchFile for an asset that is gone.

    An old page asks for assets of a build that was replaced; index.html in their place would be run as a script.
    """
    index = folder / INDEX
    if not index.is_file():
        remedy = "Run `make web` (Node 20 or newer) beside the source and load the page again; nothing need be restarted."
        raise NotBuilt("there is no built page here", subject=PREFIX, remedy=remedy, retry_after_s=_RETRY_AFTER_S)
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or "\x00" in path or path.startswith("/"):
        return index
    found = folder.joinpath(*parts)
    if found.is_file() and found.resolve().is_relative_to(folder):
        return found
    if parts[0] == HASHED:
        raise NoSuchFile(subject=path[:80], remedy="Load the page again: it was built anew.")
    return index
