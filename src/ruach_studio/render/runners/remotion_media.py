"""Turn a plan's files into addresses that a browser on this machine may read, for as long as the render lasts.

The server listens on the loopback address only, on a port of the system's choice, and knows nothing but the files it was
given, each under an address with an unguessable token; every other path is 404. One byte range per request, as browsers
and demuxers ask (RFC 9110, section 14).
"""

import os
import re
import threading
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType
from typing import BinaryIO, Protocol, Self

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
_BLOCK_BYTES = 1 << 20
IDLE_S = 60.0


class MediaServer:
    """`with MediaServer(paths) as media: media.url_of(path)`."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Take the files that may be read; nothing listens yet."""
        token = token_urlsafe(24)
        names = {path: f"/{token}/{i}{Path(path).suffix.lower()}" for i, path in enumerate(dict.fromkeys(paths))}
        self._names = names
        self._server = _Server({name: path for path, name in names.items()})
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop answering and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url_of(self, path: str) -> str:
        """Return the address of one of the files."""
        return f"http://127.0.0.1:{self._server.server_port}{self._names[path]}"


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, paths: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths = paths

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection in mid-transfer has what it wanted."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: _Server

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_OPTIONS(self) -> None:
        self._start(HTTPStatus.NO_CONTENT, 0, {"Access-Control-Allow-Methods": "GET, HEAD"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Say nothing: the addresses hold the token."""

    def _answer(self, *, with_body: bool) -> None:
        path = self.server.paths.get(self.path)
        if path is None:
            self._start(HTTPStatus.NOT_FOUND, 0, {})
            return
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            if asked is None or not any(asked.groups()):
                self._start(HTTPStatus.OK, size, {})
                start, end_exclusive = 0, size
            else:
                start, end_exclusive = _part(asked[1], asked[2], size)
                if start >= end_exclusive:
                    self._start(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, {"Content-Range": f"bytes */{size}"})
                    return
                said = {"Content-Range": f"bytes {start}-{end_exclusive - 1}/{size}"}
                self._start(HTTPStatus.PARTIAL_CONTENT, end_exclusive - start, said)
            if with_body:
                file.seek(start)
                _copy(file, self.wfile, end_exclusive - start)

    def _start(self, status: HTTPStatus, length: int, more: Mapping[str, str]) -> None:
        self.send_response(status)
        fixed = {
            "Content-Length": str(length), "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes",
            "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Range",
            "Access-Control-Expose-Headers": "Content-Range, Content-Length, Accept-Ranges",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }  # fmt: skip
        for name, value in {**fixed, **more}.items():
            self.send_header(name, value)
        self.end_headers()


def _part(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1 if last else size, size)


def _copy(source: BinaryIO, target: _Writable, length: int) -> None:
    while length > 0:
        block = source.read(min(_BLOCK_BYTES, length))
        if not block:
            return
        target.write(block)
        length -= len(block)
