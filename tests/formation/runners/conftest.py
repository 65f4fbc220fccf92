"""A small OpenAI-compatible embeddings service on this machine, for the adapter's tests; it may be told to misbehave."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


def well_behaved(asked: dict[str, Any]) -> tuple[int, bytes]:
    """Answer as the API says, out of order, each vector made from its text's words."""
    data = [
        {"object": "embedding", "index": place, "embedding": _vector(text, asked.get("dimensions") or 32)}
        for place, text in enumerate(asked["input"])
    ]
    return 200, json.dumps({"object": "list", "data": data[::-1], "model": asked["model"]}).encode()


def _vector(text: str, size: int) -> list[float]:
    sums = [0.001] * size
    for word in text.lower().split():
        sums[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % size] += 1.0
    return sums


class Service:
    """What was asked of the service, and how it answers."""

    def __init__(self) -> None:
        self.answer: Answer = well_behaved
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def serving() -> Iterator[Service]:
    """Run the service inside the block."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            service.asked.append({"path": self.path, **body})
            service.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, answer = service.answer(body)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def service():
    """A running service; `service.answer` decides what it says."""
    with serving() as running:
        yield running
