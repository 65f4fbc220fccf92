"""Facts of many members share a transaction, and each of them stands or falls by the rules of the journal alone."""

import asyncio
import random
import uuid

import psycopg
import pytest
import sqlalchemy as sa

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_snapshot import to_us
from ruach_studio.formation.store import journal
from ruach_studio.formation.store.recorder import Facts, Recorder
from ruach_studio.infra.audit import list_decisions, verify_chain
from ruach_studio.infra.context import CorrelationMissing, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.kernel.errors import BadInput
from ruach_studio.testing.window import Attempt, judge, times

from .recording import START, viewed, whole

SOON_S = 5


@pytest.fixture
def recorder(database):
    return Recorder(database, BullmqPostgres(database))


@pytest.fixture
async def members(publish, enroll_row, walk_graph):
    graph = await publish(walk_graph)
    return [await enroll_row(graph, user_id=f"u{n}") for n in range(8)]


async def rows(database):
    async with database.connection() as conn:
        found = await conn.execute(
            sa.text("SELECT CAST(xid AS text) AS xid, user_id, version, content_id, correlation_id FROM formation.journal"
                    " ORDER BY journal.xid, pos")
        )  # fmt: skip
        return found.all()


async def test_members_share_a_transaction_and_each_keeps_its_own_ids(database, recorder, members):
    ids = {each.user_id: new_id() for each in members}

    async def write(enrollment):
        with bind(correlation_id=ids[enrollment.user_id]):
            return await recorder.record(whole(viewed(enrollment), ids[enrollment.user_id]))

    told = await asyncio.gather(*(write(each) for each in members))
    assert [each[0].version for each in told] == [1] * 8
    stands = await rows(database)
    assert len({row.xid for row in stands}) == 1
    assert {row.user_id: str(row.correlation_id) for row in stands} == ids
    async with database.connection() as conn:
        jobs = (await conn.execute(sa.text("SELECT payload, correlation_id FROM platform.execution"))).all()
        assert {row.payload["enrollmentId"]: str(row.correlation_id) for row in jobs} == {
            each.enrollment_id: ids[each.user_id] for each in members
        }
        for each in members:
            found = await list_decisions(conn, subject=each.enrollment_id)
            assert [one["result"]["correlationId"] for one in found] == [ids[each.user_id]]
        assert await verify_chain(conn) == []


async def test_each_has_its_own_verdict_and_what_is_not_written_has_nothing_beside_it(database, recorder, members, ids):
    first = viewed(members[1])
    await recorder.append(first)
    stranger = viewed(members[3])
    asked = [
        whole(viewed(members[0]), ids.correlation_id),  # written
        whole(viewed(members[1], 0.5), ids.correlation_id),  # repeats
        Facts([viewed(members[2])], expected_version=4),  # moved
        whole(JournalEvent(stranger.event_id, stranger.user_id, str(uuid.uuid4()), *[
            getattr(stranger, name) for name in ("event_type", "content_id", "occurred_at", "data")
        ]), ids.correlation_id),  # missing
        Facts([viewed(members[4], 0), viewed(members[4], 2)], expected_version=0),  # two of one member
    ]  # fmt: skip
    told = await asyncio.gather(*(recorder.record(each) for each in asked), return_exceptions=True)
    assert [each.version for each in told[0]] == [1]
    assert [(each.version, each.duplicate_of) for each in told[1]] == [(None, first.event_id)]
    assert isinstance(told[2], journal.JournalMoved)
    assert "at version 0, 4 was expected" in str(told[2])
    assert isinstance(told[3], journal.EnrollmentNotFound)
    assert [each.version for each in told[4]] == [1, 2]
    async with database.connection() as conn:
        counts = (await conn.execute(sa.text(
            "SELECT (SELECT count(*) FROM platform.execution), (SELECT count(*) FROM platform.decision_audit)"
        ))).one()  # fmt: skip
    assert tuple(counts) == (1, 1)


async def test_an_error_of_the_database_is_its_culprit_s_alone(database, recorder, members):
    taken = viewed(members[0])
    await recorder.append(taken)
    culprit = viewed(members[1], event_id=taken.event_id)  # an id that stands already
    told = await asyncio.gather(
        *(recorder.append(each) for each in (culprit, *(viewed(each) for each in members[2:]))), return_exceptions=True
    )
    assert isinstance(told[0], psycopg.errors.UniqueViolation)
    assert [each.version for each in told[1:]] == [1] * 6
    assert {row.user_id: row.version for row in await rows(database)} == {"u0": 1} | {f"u{n}": 1 for n in range(2, 8)}


async def test_a_wrong_payload_or_no_correlation_id_never_reaches_the_group(recorder, members):
    event = viewed(members[0])
    with pytest.raises(BadInput, match="lacks"):
        await recorder.append(JournalEvent(*[getattr(event, name) for name in JournalEvent.__slots__[:-1]], {}))
    with pytest.raises(CorrelationMissing):
        await recorder.record(whole(event, new_id()))


async def test_a_member_whose_turn_another_has_waits_alone(database, recorder, members):
    async with database.transaction() as tx:
        await journal.take_turn(tx, "u0")
        waits = asyncio.create_task(recorder.append(viewed(members[0])))
        others = await asyncio.wait_for(asyncio.gather(*(recorder.append(viewed(each)) for each in members[1:])), SOON_S)
        assert [each.version for each in others] == [1] * 7
        assert not waits.done()
        await journal.append(tx, viewed(members[0], 0.3))
    assert (await asyncio.wait_for(waits, SOON_S)).version is None, "it sees what was written while it waited"


async def test_a_cancelled_writer_leaves_the_others_theirs(database, recorder, members):
    tasks = [asyncio.create_task(recorder.append(viewed(each))) for each in members]
    for _ in range(3):
        await asyncio.sleep(0)
    assert recorder._combiner._waiting == [], "the group is under way"
    tasks[3].cancel()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told[3], asyncio.CancelledError)
    assert [each.version for n, each in enumerate(told) if n != 3] == [1] * 7
    await recorder.close()
    assert {row.user_id for row in await rows(database)} >= {f"u{n}" for n in range(8) if n != 3}
    assert (await recorder.append(viewed(members[3], 5))).version in (1, 2)


async def heads(database):
    async with database.connection() as conn:
        found = await conn.execute(sa.text("SELECT user_id, journal_version FROM formation.enrollment"))
        return {row.user_id: row.journal_version for row in found}


async def test_two_processes_keep_window_and_numbers_and_wait_for_nobody_in_a_circle(database, database_url, members):
    """Two recorders with a pool each, 20 writers, four hot members, groups that overlap: judged from outside."""
    dice, told = random.Random(8), []
    offers = [viewed(dice.choice(members[:4]), content=f"s{dice.randrange(3)}") for _ in range(600)]
    at = times(600, dice, START)
    offers = [JournalEvent(e.event_id, e.user_id, e.enrollment_id, e.event_type, e.content_id, when, e.data)
              for e, when in zip(offers, at, strict=True)]  # fmt: skip

    async def write(recorder, part):
        for event in part:
            accepted = (await recorder.append(event)).version is not None
            told.append(Attempt((event.user_id, event.content_id), to_us(event.occurred_at), accepted))

    async with Database(database_url, pool_size=10) as second:
        recorders = [Recorder(each, BullmqPostgres(each)) for each in (database, second)]
        await asyncio.wait_for(asyncio.gather(*(write(recorders[n % 2], offers[n::20]) for n in range(20))), 60)
    async with database.connection() as conn:
        found = (
            await conn.execute(sa.text("SELECT user_id, content_id, occurred_at, version FROM formation.journal"))
        ).all()
    judged = judge(told, [((row.user_id, row.content_id), to_us(row.occurred_at)) for row in found])
    assert (judged.violations, judged.unjustified, judged.astray) == (0, 0, 0)
    assert len(told) == 600
    assert judged.accepted > 60 < judged.refused
    for user, last in (await heads(database)).items():
        assert sorted(row.version for row in found if row.user_id == user) == list(range(1, last + 1))


async def test_a_reader_gets_every_event_of_every_group(database, recorder, members):
    async def write(enrollment):
        for n in range(15):
            await recorder.append(viewed(enrollment, 2 * n))

    writing = asyncio.gather(*(write(each) for each in members))
    seen, found, cursor = [], [], journal.Cursor()
    while found or not writing.done():
        async with database.connection() as conn:
            found, cursor = await journal.read_ahead(conn, cursor, 7)
        seen += [each.cursor.pos for each in found]
    await writing
    async with database.connection() as conn:  # what was committed after the last look
        seen += [each.cursor.pos for each in (await journal.read_ahead(conn, cursor, 200))[0]]
    async with database.connection() as conn:
        stands = (await conn.execute(sa.text("SELECT pos FROM formation.journal"))).scalars().all()
    assert len(stands) == 120
    assert sorted(seen) == sorted(stands)


async def test_a_list_and_its_events_one_by_one_get_the_same_words(database, members):
    """The set at once, the loop of a crowded list and the single function have one rule, repeats inside the list too."""
    dice = random.Random(31)
    alone, together = members[0], members[1]
    for gap in (4, 0.25):  # the first lists are never crowded, the others often
        for _ in range(12):
            picks = [(dice.randrange(40) * gap, f"s{dice.randrange(3)}") for _ in range(dice.randrange(2, 6))]
            async with database.transaction() as tx:
                singly = [await journal.append(tx, viewed(alone, second, content)) for second, content in picks]
                at_once = await journal.append_many(tx, [viewed(together, second, content) for second, content in picks])
            assert [each.version for each in at_once] == [each.version for each in singly]
    crowded = [viewed(together, 1000), viewed(together, 1000.5), viewed(together, 1002)]
    last = (await heads(database))["u1"]
    async with database.transaction() as tx:
        with pytest.raises(journal.JournalMoved, match=f"at version {last}, {last - 1} was expected"):
            await journal.append_many(tx, crowded, expected_version=last - 1)
        told = await journal.append_many(tx, crowded, expected_version=last)
    assert [each.version for each in told] == [last + 1, None, last + 2]
    assert told[1].duplicate_of == crowded[0].event_id
    stands = await heads(database)
    assert stands["u0"] == stands["u1"] - 2 > 40
