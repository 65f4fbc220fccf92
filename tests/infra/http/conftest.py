"""An application without a database, to which a test adds the routes it needs, and a client for it."""

import contextlib
import socket
import threading

import httpx
import pytest
import uvicorn

from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.http.application import new_api
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore


@pytest.fixture
def make_api(tmp_path):
    def make(*, body_limit_bytes=1000, body_patience_s=60.0, trusted_origins=(), media_origins=(), **settings):
        platform = Platform(
            database=Database("postgresql://nobody@127.0.0.1:1/none"),  # never connected to
            settings=load_settings(public_url="http://studio.test", **settings),
            store=LocalDiskStore(tmp_path / "store", "http://studio.test"),
            clock=SystemClock(),
        )
        return new_api(
            platform,
            body_limit_bytes=body_limit_bytes,
            body_patience_s=body_patience_s,
            trusted_origins=trusted_origins,
            media_origins=media_origins,
        )

    return make


@pytest.fixture
def api(make_api):
    return make_api()


@pytest.fixture
async def client(api):
    async with client_of(api) as opened:
        yield opened


def client_of(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio.test")


@pytest.fixture
def connect():
    return client_of


@pytest.fixture
def serve():
    """Run an application under a real uvicorn in a thread; gives its address."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(_served(app))


@contextlib.contextmanager
def _served(app):
    # proto: asyncio sets TCP_NODELAY only where it is named; without it each answer waits 44 ms for a delayed ACK
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        options = {"http": "h11", "log_config": None, "lifespan": "off", "timeout_graceful_shutdown": 1}  # as we serve
        server = uvicorn.Server(uvicorn.Config(app, **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
