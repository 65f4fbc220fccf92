"""From a real journal to a real record store: nothing is missed and nothing stands twice, whatever breaks on the way."""

import asyncio
import random

import httpx
import pytest

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import RecordStoreClosed
from ruach_studio.formation.runners.xapi_lrs import RecordStoreUnavailable, XapiLrs
from ruach_studio.formation.store import journal, statements
from ruach_studio.formation.store.journal import Cursor
from ruach_studio.formation.usecases.read_statements import all_statements
from ruach_studio.formation.usecases.stream_statements import stream_statements
from ruach_studio.formation.xapi import statement_id
from ruach_studio.infra.context import new_id
from ruach_studio.infra.db.alone import HeldElsewhere, alone
from ruach_studio.testing.lrs import PASSWORD, USER, RecordStore, serving


@pytest.fixture
def store():
    return RecordStore()


@pytest.fixture
async def sink(store):
    async with serving(store) as endpoint, httpx.AsyncClient() as client:
        yield XapiLrs(client, endpoint, USER, PASSWORD, version="1.0.3", timeout_s=10)


@pytest.fixture
async def enrollment(publish, walk_graph, enroll_row, ids):
    return await enroll_row(await publish(walk_graph))


@pytest.fixture
def write(services, clock):
    """Append events to an enrollment, each on a node of its own; return the ids of their statements."""

    async def writing(enrollment, count, event_type="section_viewed", **more):
        written = []
        async with services.database.transaction() as tx:
            for _ in range(count):
                node = new_id()
                data = more or {"sectionId": node, "phase": "awakening", "dwellTimeSeconds": 3}
                event = JournalEvent(
                    new_id(), enrollment.user_id, enrollment.enrollment_id, event_type, node, clock.now(), data
                )
                version = (await journal.append(tx, event)).version
                written.append((statement_id(enrollment.enrollment_id, version), event))
        return written

    return writing


def ids_of(written):
    return [one for one, _ in written]


async def test_each_event_that_tells_something_is_stored_once_in_order(services, sink, store, enrollment, write):
    written = await write(enrollment, 5)
    await write(enrollment, 1, "pause_triggered", reason="surface_engagement", context="x", severity="warning")
    written += await write(enrollment, 5)
    done = await stream_statements(services, sink, page=4)
    assert (done.sent, done.parked, list(store.stored)) == (10, 0, ids_of(written))
    assert [len(batch) for batch in store.batches] == [4, 3, 3]
    assert (await stream_statements(services, sink)).sent == 0
    assert len(store.batches) == 3
    written += await write(enrollment, 1)
    assert (await stream_statements(services, sink)).sent == 1
    assert list(store.stored) == ids_of(written)


async def test_twenty_writers_at_once_and_none_is_missed(services, sink, store, publish, walk_graph, enroll_row, ids, clock):
    graph = await publish(walk_graph)
    rows = [await enroll_row(graph, user_id=str(number)) for number in range(20)]
    chance, written, done = random.Random(3), set(), asyncio.Event()

    async def writer(row):
        for _ in range(25):
            async with services.database.transaction() as tx:
                for _ in range(chance.randint(1, 3)):
                    data = {"sectionId": new_id(), "phase": "awakening", "dwellTimeSeconds": 1}
                    event = JournalEvent(new_id(), row.user_id, row.enrollment_id, "section_viewed", data["sectionId"],
                                         clock.now(), data)  # fmt: skip
                    written.add(statement_id(row.enrollment_id, (await journal.append(tx, event)).version))
                    await asyncio.sleep(chance.random() / 100)  # the transaction stays open: later ones overtake it

    async def reader():
        while not done.is_set():
            await stream_statements(services, sink, page=20)

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(writer(row) for row in rows))
    done.set()
    await reading
    assert len(store.batches) > 5  # it did read in between
    await stream_statements(services, sink)
    assert set(store.stored) == written
    sent = [one for batch in store.batches for one in batch]
    assert len(sent) == len(set(sent)) == len(written)


async def test_an_outage_in_the_middle_repeats_a_page_and_doubles_nothing(services, sink, store, enrollment, write):
    written = ids_of(await write(enrollment, 30))
    store.die_after = 4
    with pytest.raises(RecordStoreUnavailable):
        await stream_statements(services, sink, page=10)
    store.statuses = [503]
    with pytest.raises(RecordStoreUnavailable):
        await stream_statements(services, sink, page=10)
    assert len(store.stored) == 4
    async with services.database.connection() as conn:
        assert await statements.load(conn, sink.name) == Cursor()  # it moves only behind what was surely stored
    done = await stream_statements(services, sink, page=10)
    assert (done.sent, list(store.stored), store.conflicts) == (30, written, [])


async def test_a_store_that_calls_repeats_conflicts_takes_the_rest_all_the_same(services, sink, store, enrollment, write):
    written = ids_of(await write(enrollment, 20))
    store.repeats, store.die_after = "conflict", 7
    with pytest.raises(RecordStoreUnavailable):
        await stream_statements(services, sink)
    done = await stream_statements(services, sink)
    assert (done.sent, done.parked, sorted(store.stored)) == (20, 0, sorted(written))


async def test_the_one_statement_at_fault_is_found_and_parked_and_stops_nobody(services, sink, store, enrollment, write):
    written = await write(enrollment, 40)
    bad = dict(written[at] for at in (3, 4, 31))
    store.refuses = lambda each: 422 if each["id"] in bad else None
    done = await stream_statements(services, sink, page=20)
    assert (done.sent, done.parked) == (37, 3)
    assert set(store.stored) == set(ids_of(written)) - set(bad)
    async with services.database.connection() as conn:
        parked = await statements.parked(conn, sink.name)
        assert await statements.behind(conn, done.cursor) == (0, None)
    assert {each.event_id for each in parked} == {event.event_id for event in bad.values()}
    assert all((each.status, each.answer) == (422, f"HTTP 422: statement {each.statement_id} is refused") for each in parked)
    assert (await stream_statements(services, sink)).sent == 0  # it is not tried for ever
    store.refuses = lambda each: 400 if each["id"] == written[3][0] else None
    again = await stream_statements(services, sink, retry_parked=True)
    assert (again.sent, again.parked) == (2, 1)
    store.refuses = lambda _: None
    assert (await stream_statements(services, sink, retry_parked=True)).sent == 1
    async with services.database.connection() as conn:
        assert await statements.parked(conn, sink.name) == []
    assert set(store.stored) == set(ids_of(written))


async def test_a_closed_store_parks_nothing(services, sink, store, enrollment, write):
    await write(enrollment, 3)
    store.statuses = [401]
    with pytest.raises(RecordStoreClosed):
        await stream_statements(services, sink)
    async with services.database.connection() as conn:
        assert (await statements.parked(conn, sink.name), await statements.load(conn, sink.name)) == ([], Cursor())
        assert (await statements.behind(conn, Cursor()))[0] == 3


async def test_one_sender_at_a_time_and_each_store_has_its_own_cursor(services, sink, store, enrollment, write):
    written = ids_of(await write(enrollment, 3))
    async with alone(services.database, f"xapi:{sink.name}"):
        with pytest.raises(HeldElsewhere):
            await stream_statements(services, sink)
    await stream_statements(services, sink)
    other = RecordStore()
    async with serving(other) as endpoint, httpx.AsyncClient() as client:
        await stream_statements(services, XapiLrs(client, endpoint, USER, PASSWORD, version="2.0.0"))
    assert list(other.stored) == list(store.stored) == written


async def test_a_cursor_moves_only_from_where_its_sender_saw_it(services, ids):
    at = services.clock.now()
    async with services.database.transaction() as tx:
        await statements.move(tx, "a", Cursor(), Cursor(5, 7), sent=3, at=at)
        await statements.move(tx, "a", Cursor(5, 7), Cursor(6, 9), sent=2, at=at)
    for stale in (Cursor(), Cursor(5, 7), Cursor(6, 8)):
        with pytest.raises(statements.CursorMoved):
            async with services.database.transaction() as tx:
                await statements.move(tx, "a", stale, Cursor(9, 9), sent=1, at=at)
    async with services.database.connection() as conn:
        assert await statements.load(conn, "a") == Cursor(6, 9)


async def test_nothing_waits_for_the_record_store(services, sink, store, enrollment, write):
    """While a batch is under way no transaction is open, so the journal's other readers see what is committed meanwhile."""
    await write(enrollment, 2)
    store.hold = asyncio.Event()
    sending = asyncio.create_task(stream_statements(services, sink))
    await store.held.wait()
    late = await write(enrollment, 1)
    async with services.database.connection() as conn:
        found, _ = await journal.read_ahead(conn, Cursor(), 10)
    assert found[-1].event.event_id == late[0][1].event_id
    store.hold.set()
    assert (await sending).sent == 3


async def test_the_graph_version_is_the_one_in_force_then(services, enrollment, write, clock):
    await write(enrollment, 1)
    await write(enrollment, 1, "graph_migrated", fromVersion=4, toVersion=5, mapping={}, reason="x")
    clock.later(seconds=2)
    await write(enrollment, 1)
    pages = [page async for page in all_statements(services, Cursor())]
    graphs = [made.statement["context"]["contextActivities"]["grouping"][0]["id"] for made in pages[0].made]
    path = f"http://studio.test/formation/paths/{enrollment.path_id}"
    assert graphs == [f"{path}/versions/4", f"{path}/versions/5"]


async def test_what_was_voided_is_taken_back_at_the_store(services, sink, store, enrollment, write):
    ((_, event),) = await write(enrollment, 1)
    ((_, void),) = await write(enrollment, 1, "voided", eventId=event.event_id, requestedBy="session:boss", reason="x")
    await write(enrollment, 1, "voided", eventId=void.event_id, requestedBy="session:boss", reason="y")
    await write(enrollment, 1, "voided", eventId="nothing", requestedBy="session:boss", reason="z")
    await stream_statements(services, sink)
    words = [each["verb"]["display"]["en"] for each in store.stored.values()]
    assert words == ["viewed", "voided", "viewed"]
