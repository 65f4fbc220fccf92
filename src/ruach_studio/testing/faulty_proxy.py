"""Turn a working HTTP server into one behind a bad line: a proxy that breaks chosen requests in a chosen way.

Faults are taken in order; the first that fits a request is used, and used up after `times` requests. Nothing is changed
otherwise, the Host header included, so that signed requests stay valid.
"""

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Kind = Literal["answer", "reset", "lost", "silent", "slow", "truncated", "damaged"]
_HOP = {"connection", "transfer-encoding", "keep-alive"}
_BLOCK_BYTES = 64 * 1024


@dataclass
class Fault:
    """What happens to requests whose "METHOD /path?query" matches `pattern`.

    answer: `status` and `code` as S3 says them, nothing is forwarded. reset: the line breaks before the server sees it.
    lost: the server does it, then the line breaks. silent: no answer until the block ends. slow: the body passes at
    `bytes_per_s` in each direction. truncated: half of the answer's body. damaged: one bit of the request's body is changed.
    """

    kind: Kind
    pattern: str = ""
    times: int = 1
    status: int = 500
    code: str = "InternalError"
    bytes_per_s: int = 1 << 20
    used: int = 0


@dataclass
class FaultyProxy:
    """A running proxy: `faults` may be changed at any time; `seen` lists "METHOD /path?query" of every request."""

    port: int
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    spoken: threading.Event = field(default_factory=threading.Event)
    news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def endpoint(self) -> str:
        """The address to give instead of the server's."""
        return f"http://127.0.0.1:{self.port}"

    def release(self) -> None:
        """Break the lines of requests that a `silent` fault still holds."""
        self.spoken.set()
        self.spoken = threading.Event()

    def fault_for(self, request: str) -> Fault | None:
        """Note the request and return what is to happen to it."""
        with self.news:
            self.seen.append(request)
            self.news.notify_all()
            for fault in self.faults:
                if fault.used < fault.times and re.search(fault.pattern, request):
                    fault.used += 1
                    return fault
        return None

    def await_request(self, pattern: str, timeout_s: float = 30.0) -> None:
        """Wait until a request that matches was seen; blocking. Raises TimeoutError."""
        with self.news:
            if not self.news.wait_for(lambda: self.count(pattern), timeout_s):
                raise TimeoutError(pattern)

    def count(self, pattern: str) -> int:
        """Return how many requests seen match."""
        return sum(1 for request in self.seen if re.search(pattern, request))


@contextmanager
def faulty_proxy(target_port: int) -> Iterator[FaultyProxy]:
    """Stand before 127.0.0.1:`target_port` until the block ends."""
    server = _Server(target_port)
    proxy = server.proxy
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.ended.set()
        proxy.release()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target_port = target_port
        self.proxy = FaultyProxy(self.server_port)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _do(self) -> None:
        proxy, target_port = self.server.proxy, self.server.target_port
        fault = proxy.fault_for(f"{self.command} {self.path}")
        kind = fault.kind if fault else ""
        if fault and kind == "answer":
            self._read_body(0)
            return self._answer(fault)
        if kind == "reset":
            return self._break()
        if kind == "silent":
            proxy.spoken.wait(60)
            return self._break()
        body = self._read_body(fault.bytes_per_s if fault and kind == "slow" else 0)
        if kind == "damaged" and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        line = http.client.HTTPConnection("127.0.0.1", target_port, timeout=60)
        try:
            line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP | {"expect"}:
                    line.putheader(name, value)
            line.endheaders(body)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        if kind == "lost":
            return self._break()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("content-length") if self.command == "HEAD" else str(len(content))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        if kind == "truncated":
            self.wfile.write(content[: len(content) // 2])
            return self._break()
        self._send(content, fault.bytes_per_s if fault and kind == "slow" else 0)
        return None

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _do  # noqa: N815  (the names that http.server calls)

    def _read_body(self, bytes_per_s: int) -> bytes:
        left, parts = int(self.headers.get("Content-Length") or 0), []
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK_BYTES))):
            parts.append(block)
            left -= len(block)
            if bytes_per_s:
                time.sleep(len(block) / bytes_per_s)
        return b"".join(parts)

    def _send(self, content: bytes, bytes_per_s: int) -> None:
        for at in range(0, len(content), _BLOCK_BYTES):
            with suppress(ConnectionError):  # whoever asked has hung up
                self.wfile.write(content[at : at + _BLOCK_BYTES])
            if bytes_per_s:
                time.sleep(len(content[at : at + _BLOCK_BYTES]) / bytes_per_s)

    def _answer(self, fault: Fault) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{fault.code}</Code><Message>planted</Message></Error>".encode()
        self.send_response_only(fault.status)
        self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _break(self) -> None:
        """End the line as a crashed machine does: with a reset."""
        with suppress(OSError):  # it may be broken already
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = True

    def handle(self) -> None:
        """Serve until the line ends, also when the other side ended it."""
        with suppress(OSError, ValueError):  # a client that hung up, or our own reset: both are the point here
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing; `seen` tells."""
