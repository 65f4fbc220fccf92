"""Work in a thread: its answer, its error, and that it has ended whenever the call has, however the call ends."""

import asyncio
import contextvars
import os
import threading

import httpx
import pytest
from fastapi import FastAPI

from ruach_studio.infra.http.access import public
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.routes import router
from ruach_studio.infra.threads import in_long_thread, in_thread
from ruach_studio.kernel.errors import Cancelled

LIMIT_S = 20.0  # for a fault, not for luck: every wait below ends by an event
BASE = "http://studio.test"
said = contextvars.ContextVar("said", default="nothing")


class Work:
    """Says that it began, waits to be told to stop, then for `gate`, and only then ends."""

    def __init__(self, ends=None):
        self.begun, self.gate, self.told, self.ended, self.ends = *(threading.Event() for _ in range(4)), ends

    def __call__(self, stop):
        self.begun.set()
        assert stop.wait(LIMIT_S)
        self.told.set()
        assert self.gate.wait(LIMIT_S)
        self.ended.set()
        raise self.ends or Cancelled("it was told to stop")


async def heard(event):
    assert await asyncio.to_thread(event.wait, LIMIT_S)


async def test_the_work_s_answer_comes_back_and_it_knows_its_caller_s_context():
    said.set("something")
    assert await in_thread(lambda stop: (stop.is_set(), said.get(), threading.current_thread() is not main())) == (
        False, "something", True,
    )  # fmt: skip


def main():
    return threading.main_thread()


async def test_the_work_s_error_comes_back():
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda _: 1 // 0, asyncio.Event())


async def test_a_cancelled_call_goes_when_the_thread_has_ended_however_often_it_is_told():
    work = Work()
    task = asyncio.create_task(in_thread(work))
    await heard(work.begun)
    task.cancel()
    await heard(work.told)
    for _ in range(3):
        task.cancel()
        assert (await asyncio.wait({task}, timeout=0.01))[0] == set()
    work.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.ended.is_set()


async def test_a_set_event_stops_the_work_and_its_word_is_the_answer():
    work, cancelled = Work(), asyncio.Event()
    task = asyncio.create_task(in_thread(work, cancelled))
    await heard(work.begun)
    cancelled.set()
    await heard(work.told)
    work.gate.set()
    with pytest.raises(Cancelled, match="told to stop"):
        await task
    assert work.ended.is_set()


async def test_what_fails_while_it_is_stopped_is_logged(caplog):
    work = Work(OSError("the disk went"))
    task = asyncio.create_task(in_thread(work))
    await heard(work.begun)
    work.gate.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "thread.stop.failed" in caplog.text
    assert "the disk went" in caplog.text


def test_the_end_of_the_loop_waits_for_the_thread():
    work, gone, ended_first = Work(), threading.Event(), []

    async def call():
        try:
            await in_thread(work)
        finally:
            ended_first.append(work.ended.is_set())
            gone.set()

    def release():
        assert work.told.wait(LIMIT_S)
        gone.wait(0.2)  # a call that does not wait has gone by then
        work.gate.set()

    async def leave():
        task = asyncio.create_task(call())
        await heard(work.begun)
        threading.Thread(target=release).start()
        return task

    task = asyncio.run(leave())
    assert (ended_first, task.cancelled()) == ([True], True)


@pytest.fixture
async def busy():
    """More jobs' threads than the loop has of its own, and as many at work as it has; they end with the test."""
    gate, begun, loop = threading.Event(), asyncio.Semaphore(0), asyncio.get_running_loop()

    def work(_stop):
        loop.call_soon_threadsafe(begun.release)
        assert gate.wait(3 * LIMIT_S)

    shared = min(32, (os.cpu_count() or 1) + 4)
    tasks = [asyncio.create_task(in_thread(work)) for _ in range(shared + 4)]
    try:
        async with asyncio.timeout(LIMIT_S):
            for _ in range(shared):
                await begun.acquire()
        yield begun
    finally:
        gate.set()
        await asyncio.gather(*tasks)


@pytest.mark.usefixtures("busy")
async def test_a_short_call_does_not_wait_for_what_lasts():
    async with asyncio.timeout(LIMIT_S):
        assert await asyncio.to_thread(lambda: "here") == "here"


async def test_no_job_waits_for_another(busy):
    async with asyncio.timeout(LIMIT_S):
        for _ in range(4):
            await busy.acquire()


@pytest.fixture
async def player(tmp_path):
    """A client of a store that holds a film."""
    store, film, app = LocalDiskStore(tmp_path / "store", BASE), tmp_path / "film.mp4", FastAPI()
    film.write_bytes(b"0123456789")
    await store.put_file("renders/talk/film.mp4", film, content_type="video/mp4")
    app.router.routes.extend(router(store, guard=public()).planned)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        yield client


@pytest.mark.usefixtures("busy")
async def test_a_published_film_plays_while_every_job_is_at_work(player):
    async with asyncio.timeout(LIMIT_S):
        answer = await player.get("/media/renders/talk/film.mp4", headers={"range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (206, b"2345")


async def test_work_that_lasts_and_hears_no_stop_has_the_same_threads_and_context():
    said.set("long")
    name, heard_there, value = await in_long_thread(
        lambda value, *, plus: (threading.current_thread().name, said.get(), value + plus), 1, plus=2
    )
    assert (name[:4], heard_there, value) == ("long", "long", 3)
