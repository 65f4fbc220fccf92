"""A parked event takes effect after its cause is mended, and is parked again if it was not."""

import asyncio

import pytest

from ruach_studio.infra.outbox import Consumer, NotParked, Relay, redeliver
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
