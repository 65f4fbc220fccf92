"""What the service's HTTP server takes from a stranger before any route is asked."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import PlainTextResponse, StreamingResponse

from ruach_studio.app.serving import server_config
from ruach_studio.infra.http.patient import PatientProtocol
from ruach_studio.infra.settings import load_settings

LIMIT = 1 << 20  # far beyond any honest header


@asynccontextmanager
async def _served(app, tmp_path, **settings):
    """Serve `app` with the service's configuration; gives its port."""
    server = uvicorn.Server(server_config(app, load_settings(data_dir=tmp_path, port=0, **settings)))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn sets a flag, no event)
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


@pytest.fixture
async def port(tmp_path):
    """The port of a server with nothing behind it."""
    async with _served(PlainTextResponse("here"), tmp_path) as port:
        yield port


@pytest.fixture
async def streaming_port(tmp_path):
    """The port of a server whose answers take half a second."""

    async def ticks():
        for _ in range(10):
            await asyncio.sleep(0.05)
            yield "tick"

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await StreamingResponse(ticks())(scope, receive, send)

    async with _served(app, tmp_path) as port:
        yield port


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


@pytest.fixture
def patience_s(monkeypatch):
    """How long the server waits for a head here."""
    monkeypatch.setattr(PatientProtocol, "head_patience_s", 0.3)
    return 0.3


WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
REFUSED = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"  # answered before its body is there


async def _until_closed(port, first, drip):
    """Send `first`, then a byte of `drip` every 50 ms until the server closes; return the answers and the seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = asyncio.get_running_loop().time()
    writer.write(first)

    async def drops():
        for each in drip:
            writer.write(bytes([each]))
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drops())
    try:
        answer = await asyncio.wait_for(reader.read(), 4)  # uvicorn's own limit, 5 s between requests, comes later
    finally:
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()
    return answer.count(b"HTTP/1.1 200"), asyncio.get_running_loop().time() - begun


@pytest.mark.parametrize(
    ("first", "drip", "answers"),
    [
        (b"", b"", 0),
        (b"GET / HTTP/1.1\r\n", b"", 0),
        (b"GET / HTTP/1.1\r\nX: ", b"a" * 500, 0),
        (WHOLE + b"GET / HT", b"a" * 500, 1),
        (REFUSED, b"a" * 500, 1),
    ],
    ids=["silent", "half a head", "dripping head", "dripping second head", "dripping body after its answer"],
)
async def test_a_connection_without_a_whole_head_is_closed(port, patience_s, first, drip, answers):
    answered, lasted_s = await _until_closed(port, first, drip)
    assert (answered, lasted_s >= patience_s) == (answers, True)


async def test_an_answer_may_take_longer_than_a_head(streaming_port, patience_s):
    reader, writer = await asyncio.open_connection("127.0.0.1", streaming_port)
    for _ in range(2):  # on one connection: the time of the first head is not that of the second
        writer.write(WHOLE)
        assert (await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 20)).count(b"tick") == 10
    writer.close()


async def _whoever(scope, receive, send):
    """Answer the address that sign-ins are counted by."""
    if scope["type"] == "http":
        await PlainTextResponse(scope["client"][0])(scope, receive, send)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        ({}, "203.0.113.9", "203.0.113.9"),  # a proxy on this machine
        ({"trusted_proxies": "10.0.0.7"}, "203.0.113.9", "127.0.0.1"),  # we are not that proxy
        ({"trusted_proxies": "127.0.0.1,10.1.0.0/16"}, "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ({"trusted_proxies": "127.0.0.0/8"}, "10.1.2.3", "10.1.2.3"),
    ],
)
async def test_a_forwarded_address_counts_from_a_trusted_proxy_alone(tmp_path, monkeypatch, trusted, forwarded, client):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    async with _served(_whoever, tmp_path, **trusted) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: %s\r\n\r\n" % forwarded.encode())
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    assert answer.rpartition(b"\r\n\r\n")[2].decode() == client
