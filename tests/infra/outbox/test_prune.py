"""What everybody has heard long ago goes, in bounded batches; what anybody still needs stays."""

import asyncio

import pytest
from sqlalchemy import text

from ruach_studio.infra.outbox import Consumer, Relay, keep_pruned, prune, redeliver
from ruach_studio.infra.queues import list_dead_letters
from ruach_studio.kernel.errors import BadInput


def listening(name, into=None):
    async def handle(_tx, envelope):
        if into is not None:
            into.append(envelope.payload["number"])

    return Consumer(name, ("bell.rang",), handle)


@pytest.fixture
def age(database):
    async def ageing(days, *event_ids):
        async with database.transaction() as tx:
            older = "UPDATE platform.outbox SET occurred_at = occurred_at - make_interval(days => :days)"
            await tx.execute(text(f"{older} WHERE event_id = ANY(:ids)"), {"days": days, "ids": list(event_ids)})

    return ageing


@pytest.fixture
def kept(database):
    async def keeping():
        async with database.connection() as conn:
            numbers = "SELECT CAST(payload->>'number' AS int) FROM platform.outbox ORDER BY id"
            inbox = "SELECT count(*) FROM platform.inbox"
            return list((await conn.scalars(text(numbers))).all()), await conn.scalar(text(inbox))

    return keeping


async def test_old_events_that_all_have_heard_go_and_leave_a_line(database, ring, age, kept, request_ids):
    ids = await ring(1, 2, 3)
    await Relay(database, [listening("a"), listening("b")]).drain()
    await age(31, *ids[:2])
    assert await prune(database, keep_days=30) == 2
    assert await kept() == ([3], 2)
    async with database.connection() as conn:
        past = (await conn.execute(text("SELECT * FROM platform.event_past ORDER BY event_id"))).mappings().all()
    assert sorted(row["event_id"] for row in past) == sorted(ids[:2])
    assert {row["correlation_id"] for row in past} == {request_ids.correlation_id}
    assert {row["automation_id"] for row in past} == {request_ids.automation_id}
    assert all(sorted(row["heard"]) == ["a", "b"] for row in past)
    assert await prune(database, keep_days=30) == 0


async def test_what_a_consumer_has_not_taken_stays_however_old(database, ring, age, kept, request_ids):
    heard, ids = [], await ring(1)
    await Relay(database, [listening("a"), listening("down", heard)]).drain()
    ids += await ring(2)
    await Relay(database, [listening("a")]).drain()
    await age(400, *ids)
    assert await prune(database, keep_days=30) == 1
    assert (await kept())[0] == [2]
    await Relay(database, [listening("down", heard)]).drain()
    assert heard == [1, 2]
    assert await prune(database, keep_days=30) == 1
    assert await kept() == ([], 0)


async def test_nobody_has_heard_means_nothing_goes(database, ring, age, kept, request_ids):
    await age(400, *await ring(1))
    assert await prune(database, keep_days=1) == 0
    assert (await kept())[0] == [1]


async def test_one_that_is_put_off_or_parked_stays_until_it_is_settled(database, ring, age, kept, request_ids):
    broken, heard = ConnectionError("away"), []

    async def handle(_tx, envelope):
        if broken is not None:
            raise broken
        heard.append(envelope.payload["number"])

    relay = Relay(database, [Consumer("a", ("bell.rang",), handle)], ladder_s=(0.05,))
    ids = await ring(1)
    await age(400, *ids)
    await relay.drain()
    assert await prune(database, keep_days=30) == 0, "put off"
    broken = BadInput("no")
    letters = []
    async with asyncio.timeout(20):
        while not letters:
            await relay.drain()
            async with database.connection() as conn:
                letters = await list_dead_letters(conn, queue="a")
    assert await prune(database, keep_days=30) == 0, "parked"
    broken = None
    async with database.transaction() as tx:
        await redeliver(tx, "a", ids[0], actor="ana", reason="mended")
    assert await prune(database, keep_days=30) == 0, "due again"
    assert await relay.drain() == 1
    assert heard == [1]
    assert await prune(database, keep_days=30) == 1


async def test_batches_are_bounded_and_two_may_prune_at_once(database, ring, age, kept, request_ids):
    ids = await ring(*range(50))
    await Relay(database, [listening("a")]).drain()
    await age(31, *ids)
    assert sum(await asyncio.gather(*(prune(database, keep_days=30, batch=7) for _ in range(3)))) == 50
    assert await kept() == ([], 0)


async def test_a_new_consumer_begins_with_what_is_kept(database, ring, age, request_ids):
    ids = await ring(1, 2)
    await Relay(database, [listening("a")]).drain()
    await age(31, ids[0])
    await prune(database, keep_days=30)
    heard = []
    assert await Relay(database, [listening("new", heard)]).drain() == 1
    assert heard == [2]


async def test_the_service_prunes_by_itself_and_names_who_holds_back(database, ring, age, kept, request_ids, caplog):
    ids = await ring(1)
    await Relay(database, [listening("a"), listening("down")]).drain()
    ids += await ring(2)
    await Relay(database, [listening("a")]).drain()
    await age(31, *ids)
    stop = asyncio.Event()
    running = asyncio.create_task(keep_pruned(database, stop, keep_days=30))
    async with asyncio.timeout(10):
        while "outbox.prune.held" not in caplog.text:
            await kept()
    stop.set()
    await running
    assert (await kept())[0] == [2]
    assert "'consumer': 'down', 'events': 1" in caplog.text
