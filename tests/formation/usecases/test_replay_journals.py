"""Replaying every journal gives what replaying each gives, on any number of processes; projections are told their worth."""

import hashlib
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state import REDUCER_VERSION, digest, replay, to_snapshot
from ruach_studio.formation.store import enrollments, journal, journal_ranges, projections
from ruach_studio.formation.store.projections import Projection
from ruach_studio.formation.usecases.replay_journals import ReplayFailed, replay_journals

START = datetime(2026, 3, 1, tzinfo=UTC)
MEMBERS = 7


def event(enrollment, number, kind="section_completed", node="s1", **data):
    data = data or {"sectionId": node, "phase": "awakening", "totalDwellTimeSeconds": number}
    at = START + timedelta(hours=number)
    return JournalEvent(str(uuid.uuid4()), enrollment.user_id, enrollment.enrollment_id, kind, node, at, data)


def gated(enrollment, number, text):
    return event(enrollment, number, "content_gated", "s2", contentType="section", contentId="s2", reason="",
                 requirementsNeeded=[text])  # fmt: skip


@pytest.fixture
async def members(database, publish, enroll_row, walk_graph):
    """Seven enrollments: plain ones, one with a void, one with a long row, one without any event."""
    graph = await publish(walk_graph)
    rows = [await enroll_row(graph, user_id=f"u{n}") for n in range(MEMBERS)]
    async with database.transaction() as tx:
        for n, row in enumerate(rows[:-1]):
            events = [event(row, number, node=f"s{number % 3}") for number in range(1, 9 + n)]
            await journal.append_many(tx, events)
            if n == 1:
                about = {"eventId": events[2].event_id, "requestedBy": "1", "reason": "a mistake"}
                await journal.append(tx, event(row, 40, "voided", "", **about))
            if n == 2:
                await journal.append_many(tx, [gated(row, 41, "x" * 2500), event(row, 42)])
    return rows


async def one_by_one(database, rows, as_of=None):
    async with database.connection() as conn:
        return {each.enrollment_id: replay(await journal.read(conn, each.enrollment_id), as_of=as_of) for each in rows}


def digest_of_all(states):
    lines = "".join(f"{key} {states[key].journal_version} {digest(states[key])}\n" for key in sorted(states))
    return hashlib.sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize(("processes", "slice_size"), [(1, 100), (2, 2), (3, 1)])
async def test_many_processes_or_one_give_what_one_by_one_gives(database, members, processes, slice_size):
    states = await one_by_one(database, members)
    done = await replay_journals(database, processes=processes, slice_size=slice_size)
    assert (done.enrollments, done.events) == (MEMBERS, sum(each.journal_version for each in states.values()))
    assert done.digest == digest_of_all(states)
    assert done.verdicts == {"none": MEMBERS}


async def test_as_of_a_date(database, members):
    as_of = START + timedelta(hours=5, minutes=30)
    states = await one_by_one(database, members, as_of)
    assert {each.journal_version for each in states.values()} == {5, 0}
    assert (await replay_journals(database, as_of=as_of)).digest == digest_of_all(states)


async def test_projections_are_compared_as_of_their_own_version(database, members):
    states = await one_by_one(database, members)
    wrong = replace(states[members[3].enrollment_id], repairs=5)
    early = {}
    async with database.connection() as conn:
        early[4] = replay((await journal.read(conn, members[4].enrollment_id))[:4])
        early[1] = replay((await journal.read(conn, members[1].enrollment_id))[:6])  # before the void
    stored = {0: states[members[0].enrollment_id], 1: early[1], 3: wrong, 4: early[4], 5: states[members[5].enrollment_id]}
    async with database.transaction() as tx:
        for n, state in stored.items():
            by = "formation-state-v0" if n == 5 else REDUCER_VERSION
            name, version = members[n].enrollment_id, state.journal_version
            await projections.put(tx, Projection(name, version, by, dict(to_snapshot(state)), digest(state), START))
    done = await replay_journals(database, slice_size=3)
    assert done.verdicts == {"behind": 2, "differs": 1, "none": 2, "other rules": 1, "same": 1}
    assert [(each.enrollment_id, each.verdict) for each in done.differing] == [(members[3].enrollment_id, "differs")]
    assert done.digest == digest_of_all(states)


async def test_a_journal_that_lacks_an_event_is_named(database, members):
    async with database.transaction() as tx:  # as a restored backup or a hand in the tables may leave it
        await tx.execute(sa.text("ALTER TABLE formation.journal DISABLE TRIGGER journal_append_only"))
        await tx.execute(sa.text("DELETE FROM formation.journal WHERE enrollment_id = :id AND version = 3"),
                         {"id": members[0].enrollment_id})  # fmt: skip
    done = await replay_journals(database)
    assert [(each.enrollment_id, each.verdict) for each in done.differing] == [(members[0].enrollment_id, "gap")]


async def test_an_event_that_cannot_be_read_is_named_and_the_others_are_replayed(database, members):
    async with database.transaction() as tx:
        await tx.execute(sa.text(
            "INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id, occurred_at,"
            " data) VALUES (gen_random_uuid(), :id, 1, 'u6', 'section_completed', 's1', now(), '{}')"
        ), {"id": members[6].enrollment_id})  # fmt: skip
    done = await replay_journals(database)
    assert [(each.enrollment_id, each.verdict) for each in done.differing] == [(members[6].enrollment_id, "unreadable")]
    assert done.verdicts == {"none": MEMBERS - 1, "unreadable": 1}


async def test_no_enrollment_no_work(database):
    done = await replay_journals(database)
    assert (done.enrollments, done.events, done.digest) == (0, 0, hashlib.sha256().hexdigest())


async def test_a_process_that_fails_says_why(database, members):
    async with database.transaction() as tx:
        await tx.execute(sa.text("ALTER TABLE formation.journal RENAME COLUMN brief TO short"))
    with pytest.raises(ReplayFailed, match='"brief" does not exist'):
        await replay_journals(database, slice_size=1)


async def test_slices_cover_every_id_once(database, members):
    async with database.connection() as conn:
        for size in (1, 3, 7, 50):
            ranges = await journal_ranges.slices(conn, size)
            found = [stored for each in ranges for stored in await journal_ranges.read_range(conn, each)]
            assert [each.stretch.enrollment_id for each in found] == sorted(each.enrollment_id for each in members)
            assert len(ranges) == -(-MEMBERS // size)
        assert ranges == [(journal_ranges.FIRST_ID, journal_ranges.LAST_ID)]
        assert [each.enrollment_id for each in await enrollments.page(conn)] == sorted(
            each.enrollment_id for each in members
        )
