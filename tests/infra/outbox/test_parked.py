"""A parked event takes effect after its cause is mended, and is parked again if it was not."""

import asyncio

import pytest

from ruach_studio.infra.outbox import Consumer, NotParked, Relay, redeliver, store
from ruach_studio.infra.queues import list_dead_letters
from ruach_studio.kernel.errors import BadInput


async def test_a_parked_event_is_redelivered_once(database, ring, request_ids):
    broken, heard = True, []

    async def handle(_tx, envelope):
        if broken:
            raise BadInput("no")
        heard.append(envelope.event_id)

    async def open_letters():
        async with database.connection() as conn:
            return await list_dead_letters(conn, queue="a")

    async def redeliver_it():
        async with database.transaction() as tx:
            await redeliver(tx, "a", event_id, actor="ana", reason="mended")

    relay = Relay(database, [Consumer("a", ("bell.rang",), handle)])
    (event_id,) = await ring(1)
    async with asyncio.timeout(20):
        while not await open_letters():
            await relay.drain()
        await redeliver_it()
        assert await open_letters() == []
        while not await open_letters():
            await relay.drain()
        broken = False
        await redeliver_it()
        while not heard:
            await relay.drain()
    assert heard == [event_id]
    assert await open_letters() == []
    with pytest.raises(NotParked):
        await redeliver_it()


async def test_20_operators_at_once_redeliver_one_event_once(database, ring, request_ids):
    broken, heard = True, []

    async def handle(_tx, envelope):
        if broken:
            raise BadInput("no")
        heard.append(envelope.event_id)

    relay = Relay(database, [Consumer("a", ("bell.rang",), handle)])
    (event_id,) = await ring(1)
    await relay.drain()
    broken = False

    async def press(number):
        async with database.transaction() as tx:
            await redeliver(tx, "a", event_id, actor=f"operator-{number}", reason="mended")

    answers = await asyncio.gather(*(press(number) for number in range(20)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", *["NotParked"] * 19]
    await asyncio.gather(*(relay.drain() for _ in range(3)))
    assert heard == [event_id]


async def test_an_event_that_took_effect_has_no_second_one_however_it_is_delivered_again(database, ring, request_ids):
    heard = []

    async def handle(_tx, envelope):
        heard.append(envelope.event_id)

    relay = Relay(database, [Consumer("a", ("bell.rang",), handle)])
    (event_id,) = await ring(1)
    await relay.drain()
    async with database.transaction() as tx:  # as if a delivery had been written twice
        assert await store.redeliver(tx, "a", event_id)
    assert await relay.drain() == 0
    assert heard == [event_id]
