import asyncio

import pytest

from ruach_studio.infra.deadline import TooSlow, in_time
from ruach_studio.kernel.errors import NotFound


async def test_work_in_time_gives_its_answer_or_its_error():
    async def answer():
        return 7

    async def refuse():
        raise NotFound(subject="x")

    assert await in_time(answer(), 5) == 7
    with pytest.raises(NotFound):
        await in_time(refuse(), 5)


async def test_work_that_will_not_even_be_cancelled_does_not_hold_the_answer_up():
    cancelled, free = asyncio.Event(), asyncio.Event()

    async def stubborn():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            await free.wait()  # as a driver does whose server has stopped
            raise

    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TooSlow, match=r"no answer within 0\.05 s"):
        await in_time(stubborn(), 0.05)
    assert loop.time() - began < 1
    await cancelled.wait()
    free.set()


async def test_a_late_failure_is_logged_and_not_lost(caplog):
    async def fails_late():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("late") from None

    with pytest.raises(TooSlow):
        await in_time(fails_late(), 0.01)
    await asyncio.sleep(0)  # one turn of the loop: the task ends
    await asyncio.sleep(0)


async def test_whoever_gives_up_asking_takes_the_work_with_them():
    cancelled = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    asking = asyncio.create_task(in_time(work(), 60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(cancelled.wait(), 5)
