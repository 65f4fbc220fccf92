"""Work in a thread: its answer, its error, and that it has ended whenever the call has, however the call ends."""

import asyncio
import contextvars
import threading

import pytest

from ruach_studio.infra.threads import in_thread
from ruach_studio.kernel.errors import Cancelled

LIMIT_S = 20.0  # for a fault, not for luck: every wait below ends by an event
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
