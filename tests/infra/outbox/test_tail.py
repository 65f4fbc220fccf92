"""Who looks on sees every event once, in order, also one whose commit came late; and goes on where he was."""

import asyncio
from contextlib import aclosing

import pytest

from ruach_studio.infra.db import Database
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.outbox.tail import position_of, tail


@pytest.fixture
def read(database):
    """Return a function that reads `count` steps of the tail: (position, event's number or None)."""

    async def reading(count, *, types=("bell.rang",), **where):
        found = []
        async with asyncio.timeout(20), aclosing(tail(database, types, **where)) as steps:
            async for step in steps:
                found.append((step.position, None if step.event is None else step.event.payload["number"]))
                if len(found) == count:
                    break
        return found

    return reading


async def test_it_begins_now_or_with_the_newest_and_goes_on_where_it_was(ring, read, request_ids):
    await ring(1, 2, 3)
    ((start, nothing),) = await read(1)
    assert nothing is None
    seen = await read(3, recent=2)
    assert [number for _, number in seen] == [2, 3, None]
    await ring(4, 5)
    assert [number for _, number in await read(2, after=position_of(start))] == [4, 5]
    assert [number for _, number in await read(3, after=position_of(seen[0][0]))] == [3, 4, 5]


async def test_a_new_event_comes_at_once_and_other_types_do_not(database, ring, read, events, request_ids):
    reading = asyncio.create_task(read(2))
    await asyncio.sleep(0.1)
    async with database.transaction() as tx:
        await publish(tx, events.Gong(1))
    await ring(7)
    assert [number for _, number in await reading] == [None, 7]


async def test_a_commit_that_comes_late_is_not_skipped(database_url, database, ring, read, events, request_ids):
    ((start, _),) = await read(1)
    async with Database(database_url) as other, other.transaction() as slow:
        await publish(slow, events.Bell(1))  # its row is older than the next one, its commit later
        await ring(2)
        reading = asyncio.create_task(read(2, after=position_of(start)))
        await asyncio.sleep(0.2)
        assert not reading.done()
    assert [number for _, number in await reading] == [1, 2]


async def test_who_comes_back_with_a_place_beyond_the_log_begins_anew_and_hears_what_comes(database, ring, request_ids):
    """A restore numbers the log anew: a page that had been open before it said "Live" and heard nothing."""
    await ring(1, 2)
    heard = []
    async with asyncio.timeout(10), aclosing(
        tail(database, ["bell.rang"], after=position_of("900000000-1"), recent=1)
    ) as steps:  # fmt: skip
        async for step in steps:
            heard.append(None if step.event is None else step.event.payload["number"])
            if step.event is None:
                assert position_of(step.position) < position_of("900000000-1")
                await ring(3)
            if len(heard) == 3:
                break
    assert heard == [2, None, 3]
