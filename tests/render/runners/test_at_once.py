"""Places for encoders: never more at a time than there are, and nobody waits for ever for several."""

import asyncio

from ruach_studio.render.runners.at_once import Seats


async def test_runs_of_several_encoders_take_turns_and_one_larger_than_all_takes_all():
    seats, running, seen = Seats(2), [], []

    async def work(wanted):
        async with seats.taken(wanted):
            running.append(min(wanted, 2))
            seen.append(sum(running))
            await asyncio.sleep(0)
            running.remove(min(wanted, 2))

    async with asyncio.timeout(5):
        await asyncio.gather(*(work(wanted) for wanted in (1, 2, 3, 1, 1, 2, 3, 1)))
    assert max(seen) == 2
    assert len(seen) == 8


async def test_a_wait_that_is_given_up_leaves_its_seats():
    seats = Seats(2)
    async with seats.taken(1):
        waiting = asyncio.create_task(seats.taken(2).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5), seats.taken(2):
        pass
