"""Every committed event has its effect once in every consumer; one that cannot be consumed blocks nobody."""

import asyncio
import random
from collections import Counter

import psycopg
import pytest
from sqlalchemy import text

from ruach_studio.infra.context import CorrelationMissing, current
from ruach_studio.infra.db import Database
from ruach_studio.infra.outbox import Consumer, Relay, is_on_its_way, publish
from ruach_studio.infra.outbox.store import lag
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.kernel.errors import BadInput


def heard_by(name, into, types=("bell.rang",)):
    async def handle(_tx, envelope):
        into.append((envelope.event_type, envelope.payload["number"]))

    return Consumer(name, types, handle)


async def drained(relay, want, deadline_s=20.0):
    got = 0
    async with asyncio.timeout(deadline_s):
        while got < want:
            got += await relay.drain()
            await asyncio.sleep(0.02)
    return got + await relay.drain()


async def test_each_consumer_hears_what_it_asked_for_with_the_ids(database, events, request_ids):
    bells, both, ids = [], [], []

    async def note_ids(_tx, envelope):
        ids.append((current().correlation_id, envelope.automation_id, envelope.version, envelope.event_id))

    consumers = [
        heard_by("bells", bells),
        heard_by("both", both, ("bell.rang", "gong.rang")),
        Consumer("ids", ("gong.rang",), note_ids),
    ]
    async with database.transaction() as tx:
        written = [await publish(tx, event) for event in (events.Bell(1), events.Gong(2), events.Bell(3))]
    assert await drained(Relay(database, consumers), 6) == 6
    assert bells == [("bell.rang", 1), ("bell.rang", 3)]
    assert both == [("bell.rang", 1), ("gong.rang", 2), ("bell.rang", 3)]
    assert ids == [(request_ids.correlation_id, request_ids.automation_id, 1, written[1])]


async def test_what_was_rolled_back_never_happened(database, ring, events, request_ids):
    heard = []
    async with database.engine.connect() as tx:
        await publish(tx, events.Bell(1))
        await tx.rollback()
    await ring(2)
    assert await drained(Relay(database, [heard_by("a", heard)]), 1) == 1
    assert heard == [("bell.rang", 2)]


async def test_an_event_needs_a_correlation_id(ring):
    with pytest.raises(CorrelationMissing):
        await ring(1)


async def test_a_late_commit_is_not_skipped(database, ring, events, request_ids):
    heard = []
    relay = Relay(database, [heard_by("a", heard)])
    async with database.transaction() as slow:
        await publish(slow, events.Bell(1))
        await ring(2)
        await relay.drain()
    await drained(relay, 2 - len(heard))
    assert sorted(heard) == [("bell.rang", 1), ("bell.rang", 2)]


async def test_a_consumer_that_comes_later_hears_the_past(database, ring, request_ids):
    heard, late = [], []
    await ring(1)
    await drained(Relay(database, [heard_by("a", heard)]), 1)
    await drained(Relay(database, [heard_by("b", late)]), 1)
    assert heard == late == [("bell.rang", 1)]


async def test_20_writers_that_commit_late_and_2_relays_miss_nothing_and_repeat_nothing(
    database, database_url, events, request_ids
):
    with psycopg.connect(database.dsn) as conn:
        conn.execute("CREATE TABLE effect (number int)")
    each, writers = 10, 20
    dice = random.Random(7)

    async def write(offset):
        for number in range(offset, offset + each):
            async with database.transaction() as tx:
                await publish(tx, events.Bell(number))
                await asyncio.sleep(dice.uniform(0, 0.02) if number % 5 else 0.2)  # every fifth commits after its followers

    async def handle(tx, envelope):
        await tx.exec_driver_sql("INSERT INTO effect VALUES (%s)", (envelope.payload["number"],))

    stop = asyncio.Event()
    async with Database(database_url) as other:
        relays = [Relay(each_db, [Consumer("effect", ("bell.rang",), handle)]) for each_db in (database, other)]
        running = [asyncio.create_task(relay.run(stop)) for relay in relays]
        await asyncio.gather(*(write(offset * each) for offset in range(writers)))
        async with asyncio.timeout(30):
            while True:
                async with database.connection() as conn:
                    pending, _age = await lag(conn, "effect")
                    found = list((await conn.exec_driver_sql("SELECT number FROM effect")).scalars())
                if len(found) >= each * writers and pending == 0:
                    break
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*running)
    assert Counter(found) == Counter(range(each * writers))


async def test_an_effect_and_its_inbox_row_fail_together(database, ring, request_ids):
    with psycopg.connect(database.dsn) as conn:
        conn.execute("CREATE TABLE effect (number int)")
    tries = []

    async def handle(tx, envelope):
        await tx.exec_driver_sql("INSERT INTO effect VALUES (%s)", (envelope.payload["number"],))
        tries.append(envelope.event_id)
        if len(tries) == 1:
            raise ConnectionError("half way")

    await ring(1)
    await drained(Relay(database, [Consumer("a", ("bell.rang",), handle)], ladder_s=(0.1,)), 1)
    async with database.connection() as conn:
        assert (await conn.exec_driver_sql("SELECT count(*) FROM effect")).scalar_one() == 1
    assert len(tries) == 2


async def test_a_poisoned_event_is_parked_and_blocks_nobody(database, ring, request_ids):
    heard, tries = [], []

    async def picky(_tx, envelope):
        if envelope.payload["number"] == 1:
            tries.append(1)
            raise ValueError("odd number")
        heard.append(envelope.payload["number"])

    relay = Relay(database, [Consumer("picky", ("bell.rang",), picky), heard_by("calm", calm := [])], ladder_s=(0.1, 0.1))
    (poison, *_rest) = await ring(1, 2, 3)
    await drained(relay, 5)
    assert heard == [2, 3]
    assert len(calm) == 3
    letters = []
    async with asyncio.timeout(10):
        while not letters:
            await relay.drain()
            async with database.connection() as conn:
                letters = await dead_letters.list_dead_letters(conn)
    (letter,) = letters
    assert (letter["kind"], letter["queue"], letter["source_id"]) == ("event", "picky", poison)
    assert [each["error"]["message"] for each in letter["attempts"]] == ["odd number"] * 3
    assert len(tries) == 3
    assert await relay.drain() == 0


async def test_what_no_repetition_can_mend_is_parked_at_once(database, ring, request_ids):
    async def strict(_tx, _envelope):
        raise BadInput("no")

    await ring(1)
    relay = Relay(database, [Consumer("strict", ("bell.rang",), strict)])
    letters = []
    async with asyncio.timeout(10):
        while not letters:
            await relay.drain()
            async with database.connection() as conn:
                letters = await dead_letters.list_dead_letters(conn, queue="strict")
    assert len(letters[0]["attempts"]) == 1


def test_two_consumers_may_not_share_a_name(database_url):
    with pytest.raises(ValueError, match="same name"):
        Relay(Database(database_url), [heard_by("a", []), heard_by("a", [])])


async def test_transactions_are_taken_in_the_order_of_their_numbers_not_of_their_digits(database, monkeypatch):
    """Once transaction 10 was taken before 9, and whatever lay between them reached nobody."""
    monkeypatch.setattr("ruach_studio.infra.outbox.store._BATCH", 2)
    numbers = [9, 10, 99, 100, 101]
    async with database.transaction() as tx:
        for number in numbers:
            await tx.execute(
                text(
                    "INSERT INTO platform.outbox (event_id, event_type, version, correlation_id, payload, xid) VALUES"
                    " (gen_random_uuid(), 'bell.rang', 1, gen_random_uuid(), jsonb_build_object('number', CAST(:n AS int)),"
                    " CAST(CAST(:n AS text) AS xid8))"
                ),
                {"n": number},
            )
    heard = []
    assert await Relay(database, [heard_by("ringer", heard)]).drain() == len(numbers)
    assert [number for _, number in heard] == numbers


async def test_a_connection_that_is_lost_within_an_event_ends_no_relay(database, ring, request_ids, caplog):
    """Its failure cannot be noted: the connection that it was to be noted by is the one that is gone."""
    heard, lost = [], []

    async def handle(tx, envelope):
        if not lost:
            lost.append(envelope.event_id)
            await tx.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        heard.append(envelope.payload["number"])
        stop.set()

    await ring(7)
    stop = asyncio.Event()
    caplog.set_level("WARNING")
    async with asyncio.timeout(20):  # handling it for the second time sets `stop`
        await Relay(database, [Consumer("a", ("bell.rang",), handle)], ladder_s=(0.05,)).run(stop)
    assert heard == [7]
    assert "relay.delayed" in caplog.text


async def test_an_event_is_on_its_way_from_its_commit_until_its_effect_or_its_parking(database, ring, request_ids):
    async def underway(number, name="a", kind="bell.rang"):
        async with database.connection() as conn:
            return await is_on_its_way(conn, name, kind, {"number": number})

    seen = []

    async def handle(_tx, envelope):
        number = envelope.payload["number"]
        seen.append((number, await underway(number)))
        if number == 2:
            raise ValueError("no")

    relay = Relay(database, [Consumer("a", ("bell.rang",), handle)], ladder_s=())
    await ring(1, 2)
    assert [await underway(1), await underway(2), await underway(3)] == [True, True, False]  # nobody has listened yet
    assert [await underway(1, name="b"), await underway(1, kind="gong.rang")] == [True, False]
    assert await drained(relay, 1) == 1
    assert seen == [(1, True), (2, True)]
    assert [await underway(1), await underway(2)] == [False, False]  # 2 lies among the dead letters
    await ring(3)
    assert [await underway(3), await underway(1), await underway(1, name="b")] == [True, False, True]
