"""Another site can neither write in a user's name, nor frame, nor sniff; and nobody can flood with a body."""

import asyncio
import json

import httpx
import pytest
from starlette.requests import Request

OWN = "http://studio.test"


@pytest.fixture(autouse=True)
def writable(api):
    add_route(api)


def add_route(app):
    app.state.written = []

    @app.api_route("/write", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def write(body: dict | None = None) -> int:
        app.state.written.append(body)
        return len(app.state.written)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # no browser
        ({"origin": OWN}, 200),
        ({"origin": OWN, "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),  # typed by the user
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "http://studio.test.evil.test"}, 403),
        ({"origin": "http://studio.test:81"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "https://evil.test", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://other.studio.test", "sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.test", "sec-fetch-site": "bogus"}, 403),
    ],
)
async def test_only_our_own_pages_may_write(client, api, method, headers, status):
    answer = await client.request(method, "/write", headers=headers)
    assert answer.status_code == status
    assert len(api.state.written) == (status == 200)
    if status == 403:
        assert (answer.json()["code"], answer.headers["content-type"]) == ("cross_origin", "application/problem+json")
        assert answer.headers["x-correlation-id"] == answer.json()["correlationId"]


async def test_reading_is_not_refused(client):
    assert (await client.get("/write", headers={"origin": "https://evil.test"})).status_code == 200


async def test_a_trusted_origin_may_write(make_api, connect):
    app = make_api(trusted_origins=["https://studio.example/"])
    add_route(app)
    async with connect(app) as client:
        for origin, status in [("https://studio.example", 200), ("https://other.example", 403)]:
            headers = {"origin": origin, "sec-fetch-site": "cross-site"}
            assert (await client.post("/write", headers=headers)).status_code == status


async def test_no_answer_allows_another_origin_to_read(client):
    for path in ("/write", "/nowhere"):
        answer = await client.get(path, headers={"origin": "https://evil.test"})
        assert "access-control-allow-origin" not in answer.headers


async def test_every_answer_carries_the_protective_headers(client):
    for path in ("/write", "/nowhere", "/openapi.json"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "strict-transport-security" not in headers


async def test_media_may_come_from_the_cdn_only_when_it_is_named(make_api, connect):
    async with connect(make_api(media_origins=["https://cdn.example"])) as client:
        policy = (await client.get("/openapi.json")).headers["content-security-policy"]
    assert "media-src 'self' blob: https://cdn.example" in policy
    assert "default-src 'self';" in policy


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
async def test_a_body_above_the_limit_is_refused_by_its_length(client, api, size, status):
    body = json.dumps({"x": "y" * (size - 9)}, separators=(",", ":"))
    body += " " * (size - len(body))
    answer = await client.post("/write", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert len(api.state.written) == (status == 200)


async def test_a_body_of_unknown_length_is_refused_while_it_arrives(api, serve):
    sent = []

    async def endless():
        for _ in range(1000):
            sent.append(100)
            yield b" " * 100

    async with httpx.AsyncClient(base_url=serve(api)) as real:
        answer = await real.post("/write", content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert api.state.written == []


async def test_a_false_content_length_is_refused(client):
    answer = await client.post("/write", headers={"content-length": "-1"})
    assert answer.status_code == 413


async def raw(address, *pieces):
    """Send the pieces over a connection of its own; return all that is answered until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address).port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


@pytest.mark.parametrize("length", ["content-length: 12", "transfer-encoding: chunked"])
async def test_a_body_that_does_not_arrive_is_answered_and_its_connection_closed(make_api, serve, length):
    app = make_api(body_patience_s=0.3)
    add_route(app)
    head = f"POST /write HTTP/1.1\r\nhost: studio.test\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
    begun = b'3\r\n{"x\r\n' if "chunked" in length else b'{"x'
    for pieces in ([head.encode()], [head.encode(), begun]):
        answer = await raw(serve(app), *pieces)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request_timeout"
    assert app.state.written == []


async def test_a_slow_answer_to_a_body_that_is_there_is_not_cut(make_api, serve):
    app = make_api(body_patience_s=0.2)

    @app.post("/slow")
    async def slow(request: Request, body: dict) -> bool:
        await asyncio.sleep(0.5)
        return await request.is_disconnected()

    async with httpx.AsyncClient(base_url=serve(app)) as real:
        answer = await real.post("/slow", json={"x": 1})
    assert (answer.status_code, answer.json()) == (200, False)


async def paced(address, pieces, every_s):
    """Send `pieces`, one every `every_s`, as a body whose length is that of all; return (status, body, seconds)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address).port)
    begun = asyncio.get_running_loop().time()
    length = sum(map(len, pieces))
    writer.write(
        b"POST /write HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n" % length
    )

    async def send():
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)

    sending = asyncio.create_task(send())
    try:
        answer = await asyncio.wait_for(reader.read(), 30)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
    return int(answer[9:12]), json.loads(answer.partition(b"\r\n\r\n")[2]), asyncio.get_running_loop().time() - begun


async def test_a_body_that_arrives_steadily_may_take_longer_than_the_first_patience(make_api, serve):
    app = make_api(body_limit_bytes=100_000, body_patience_s=1.5)
    add_route(app)
    status, _, lasted_s = await paced(serve(app), [b'{"x":1}', *[b" " * 8000] * 8], 0.3)  # 27 kB/s
    assert (status, app.state.written) == (200, [{"x": 1}])
    assert lasted_s > 1.5


async def test_a_body_that_drips_is_ended_though_it_is_never_silent(make_api, serve):
    app = make_api(body_patience_s=0.5)
    add_route(app)
    status, body, lasted_s = await paced(serve(app), [b" "] * 900, 0.05)  # 20 B/s: 45 s
    assert (status, body["code"], app.state.written) == (408, "request_timeout", [])
    assert "8 kB" in body["remedy"]
    assert 0.5 <= lasted_s < 5


async def test_what_arrived_fast_buys_no_silence(make_api, serve):
    app = make_api(body_limit_bytes=200_000, body_patience_s=0.5)
    add_route(app)
    status, _, lasted_s = await paced(serve(app), [b" " * 160_000, b" "], 30)  # at 8 kB/s these bytes may take 20 s
    assert (status, app.state.written) == (408, [])
    assert 0.5 <= lasted_s < 5
