"""One id per request: taken if it is a UUIDv4, drawn otherwise, on every answer and in every line."""

import asyncio
import logging

import httpx
import pytest
import uvicorn

from ruach_studio.infra.context import current
from ruach_studio.infra.http import sse
from ruach_studio.kernel.errors import Conflict, Unavailable
from ruach_studio.kernel.ids import is_uuid4

GIVEN = "9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11"
HEADER = "X-Correlation-ID"


@pytest.fixture
def paths(api):
    @api.get("/id")
    async def bound():
        await asyncio.sleep(0)
        return current().correlation_id

    @api.get("/id-in-thread")
    def bound_in_thread():
        return current().correlation_id

    @api.get("/conflict")
    async def conflict():
        raise Conflict("x")

    @api.get("/away")
    async def away():
        raise Unavailable("x")

    @api.get("/boom")
    async def boom():
        raise ZeroDivisionError

    @api.get("/events")
    async def events():
        async def source():
            yield sse.SseEvent(None, "id", {"id": current().correlation_id})

        return sse.stream(source())

    return {"/id": 200, "/id-in-thread": 200, "/conflict": 409, "/away": 503, "/boom": 500, "/events": 200, "/nowhere": 404}


async def test_a_given_id_is_on_every_answer_500_and_stream_too(client, paths):
    for path, status in paths.items():
        answer = await client.get(path, headers={HEADER: GIVEN})
        assert (answer.status_code, answer.headers.get_list(HEADER)) == (status, [GIVEN]), path


async def test_handlers_threads_and_streams_see_it(client, paths):
    for path in ("/id", "/id-in-thread", "/events"):
        assert GIVEN in (await client.get(path, headers={HEADER: GIVEN})).text


@pytest.mark.parametrize(
    "given",
    [
        "", "1", GIVEN.upper(), GIVEN.replace("-", ""), "9f1c1a52-0b7a-1d0e-8a39-0f6f5f5a7b11",
        GIVEN + "x", "<script>", "${jndi}",
    ],
)  # fmt: skip
async def test_anything_but_a_uuid4_is_replaced(client, paths, given):
    answer = await client.get("/id", headers={HEADER: given})
    assert is_uuid4(answer.json())
    assert answer.headers[HEADER] == answer.json()
    assert answer.json() not in (GIVEN, given)


async def test_two_ids_are_none(client, paths):
    answer = await client.get("/id", headers=[(HEADER, GIVEN), (HEADER, GIVEN)])
    assert answer.json() != GIVEN


async def test_each_request_has_its_own_and_none_leaks(client, paths):
    answers = await asyncio.gather(*(client.get("/id") for _ in range(20)))
    assert len({answer.json() for answer in answers}) == 20
    assert current().correlation_id is None


async def test_the_end_of_a_request_is_logged_once_without_its_query(client, paths, caplog):
    caplog.set_level(logging.INFO)
    await client.get("/conflict", params={"token": "hunter2"})
    ours = [record.msg for record in caplog.records if record.name.startswith("ruach_studio")]
    assert [(line["event"], line["method"], line["path"], line["status"]) for line in ours] == [
        ("request.finished", "GET", "/conflict", 409)
    ]
    assert "hunter2" not in str(ours)


async def test_a_request_that_the_ending_server_cuts_off_is_told_so_under_its_id(api):
    ready, begun = asyncio.Event(), asyncio.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            ready.set()

    @api.get("/slow")
    async def slow():
        begun.set()
        await asyncio.Event().wait()

    config = uvicorn.Config(api, port=0, http="h11", log_config=None, timeout_graceful_shutdown=0, lifespan="off")
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        await ready.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient() as client:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/slow", headers={HEADER: GIVEN}))
            await begun.wait()
            server.should_exit = True
            answer = await asking
        await serving
    assert (answer.status_code, answer.headers[HEADER]) == (503, GIVEN)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["correlationId"]) == ("stopping", GIVEN)
    assert int(answer.headers["retry-after"]) > 0
