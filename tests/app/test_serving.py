"""What the service's HTTP server takes from a stranger before any route is asked."""

import asyncio

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from ruach_studio.app.serving import server_config
from ruach_studio.infra.settings import load_settings

LIMIT = 1 << 20  # far beyond any honest header


@pytest.fixture
async def port(tmp_path):
    """The port of a server with the service's configuration and nothing behind it."""
    server = uvicorn.Server(server_config(PlainTextResponse("here"), load_settings(data_dir=tmp_path, port=0)))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn sets a flag, no event)
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def _sent(port, head):
    """Send `head` and then a header without an end; return how much was taken and what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    taken = 0
    try:
        while taken < LIMIT and not reader.at_eof():
            writer.write(b"a" * 4096)
            await writer.drain()
            taken += 4096
            await asyncio.sleep(0)
        answer = await asyncio.wait_for(reader.read(64), 5)
    except ConnectionError:
        answer = b""
    except TimeoutError:
        answer = b"nothing: it waits for more"
    writer.close()
    return taken, answer


async def test_an_endless_header_is_refused(port):
    taken, answer = await _sent(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
    assert taken < LIMIT
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer  # closed, or told so first


async def test_an_ordinary_request_is_answered(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"here")
    writer.close()
