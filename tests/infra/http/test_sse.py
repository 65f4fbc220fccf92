"""Streams beat, end, close at their lifetime, tell failures, and always close their source."""

import asyncio
import threading
import time

import httpx
import pytest

from ruach_studio.infra.http.sse import SseEvent, last_seen, stream
from ruach_studio.kernel.errors import Conflict

DEADLINE_S = 5.0


class Source:
    """Yields numbers until told otherwise, and remembers how it was left."""

    def __init__(self, count=0, *, error=None, endless=False):
        self.count, self.error, self.endless = count, error, endless
        self.closed = self.made = 0

    async def __call__(self):
        try:
            for number in range(self.count):
                self.made += 1
                yield SseEvent(str(number), "number", {"n": number})
            if self.error:
                raise self.error
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.closed += 1


@pytest.fixture
def streaming(api):
    def route(source, **options):
        api.add_api_route("/events", lambda: stream(source(), **options), methods=["GET", "HEAD"])
        return api

    return route


async def until(condition):
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s, "the condition never came true"
        await asyncio.sleep(0.01)


async def test_events_then_an_explicit_end(client, streaming):
    source = Source(2)
    streaming(source)
    answer = await client.get("/events")
    assert answer.text == (
        ': open\n\nid: 0\nevent: number\ndata: {"n":0}\n\nid: 1\nevent: number\ndata: {"n":1}\n\n'
        'event: end\ndata: {"reason":"complete"}\n\n'
    )
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
    assert source.closed == 1


async def test_silence_is_filled_with_comments_and_the_lifetime_ends_with_retry(client, streaming):
    source = Source(1, endless=True)
    streaming(source, heartbeat_s=0.05, lifetime_s=0.32)
    started_s = time.monotonic()
    text = (await client.get("/events")).text
    assert 0.32 <= time.monotonic() - started_s < 3
    assert 2 <= text.count(": beat\n\n") <= 6
    assert text.endswith("retry: 2000\n\n")
    assert "event: end" not in text
    assert source.closed == 1


async def test_a_failure_is_told_and_no_end_is_claimed(client, streaming):
    source = Source(1, error=Conflict("it was cancelled", subject="job 7"))
    streaming(source)
    answer = await client.get("/events")
    problem = answer.text.split("event: problem\ndata: ")[1]
    assert '"code":"conflict","detail":"job 7: it was cancelled"' in problem
    assert answer.headers["x-correlation-id"] in problem
    assert "event: end" not in answer.text
    assert source.closed == 1


async def test_an_unforeseen_failure_tells_no_insides(client, streaming, caplog):
    streaming(Source(error=ZeroDivisionError("hunter2")))
    answer = await client.get("/events")
    assert '"code":"internal"' in answer.text
    assert "hunter2" not in answer.text
    assert any(record.exc_info for record in caplog.records)


async def test_head_gets_the_headers_alone(client, streaming):
    source = Source(endless=True)
    streaming(source)
    answer = await client.head("/events")
    assert (answer.text, answer.headers["content-type"]) == ("", "text/event-stream; charset=utf-8")


async def test_a_client_that_leaves_closes_the_source(serve, streaming):
    source = Source(1, endless=True)
    address = serve(streaming(source))
    async with httpx.AsyncClient(base_url=address) as real, real.stream("GET", "/events") as answer:
        async for line in answer.aiter_lines():
            if line == "event: number":
                break
        assert source.closed == 0
        assert answer.headers["x-correlation-id"]
    await until(lambda: source.closed == 1)


async def test_a_client_that_reads_nothing_and_leaves_closes_a_source_full_of_events():
    source, left = Source(1000), asyncio.Event()

    async def send(message):
        if message["type"] == "http.response.body" and source.made > 1:
            left.set()
            await asyncio.Event().wait()  # the connection takes no more

    async def receive():
        await left.wait()
        return {"type": "http.disconnect"}

    response = stream(source())
    await asyncio.wait_for(response({"type": "http", "method": "GET"}, receive, send), DEADLINE_S)
    assert source.closed == 1
    assert source.made < 10  # nothing piles up in memory for a slow client


async def test_events_arrive_while_the_stream_is_open(serve, api):
    released = threading.Event()

    async def source():
        yield SseEvent("1", "first", "a")
        assert await asyncio.to_thread(released.wait, DEADLINE_S)
        yield SseEvent("2", "second", "b")

    api.add_api_route("/events", lambda: stream(source()))
    async with httpx.AsyncClient(base_url=serve(api)) as real, real.stream("GET", "/events") as answer:
        seen = []
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                seen.append(line[7:])
            if line == "event: first":
                released.set()  # the server waits for this: the first event came through unbuffered
    assert seen == ["first", "second", "end"]


def test_text_of_several_lines_stays_one_event():
    assert SseEvent(None, "log", "a\nb").to_bytes() == b"event: log\ndata: a\ndata: b\n\n"
    assert SseEvent(None, "log", "").to_bytes() == b"event: log\ndata: \n\n"


@pytest.mark.parametrize(("id_", "event"), [("1\nevent: forged", "x"), ("1", "x\r"), ("\0", "x")])
def test_a_line_break_cannot_forge_an_event(id_, event):
    with pytest.raises(ValueError, match="single lines"):
        SseEvent(id_, event, {}).to_bytes()


@pytest.mark.parametrize(
    ("header", "number"),
    [(None, 0), ("", 0), ("17", 17), ("-1", 0), ("x", 0), ("\u0663", 0), ("9" * 18, 10**18 - 1), ("9" * 5000, 0)],
)
def test_a_last_event_id_that_is_none_of_ours_starts_at_the_beginning(header, number):
    assert last_seen(header) == number
