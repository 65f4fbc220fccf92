"""What a member reports is decided on without their turn, and written only where the journal still stands as it was read."""

import asyncio
from collections import Counter

import pytest
import sqlalchemy as sa

from ruach_studio.formation.store import journal
from ruach_studio.formation.store.journal import DuplicateEvent
from ruach_studio.formation.usecases.accept_event import accept_event
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.load_journey import load_journey
from ruach_studio.formation.usecases.record_decided import Decided, record_decided
from ruach_studio.formation.usecases.view_axiom import view_axiom
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import list_decisions

from .conftest import USER

SOON_S = 20
VIEWED = ("section_viewed", "s1", {"sectionId": "s1", "phase": "awakening", "dwellTimeSeconds": 0})


async def count(services, table):
    async with services.database.connection() as conn:
        return await conn.scalar(sa.text(f"SELECT count(*) FROM {table}"))  # noqa: S608


@pytest.fixture
def meddle(services, member, clock):
    """Return a decider that someone else forestalls the first `times`: the journal goes on between reading and writing."""

    def make(times):
        seen = []

        async def decide(conn):
            journey = await load_journey(services, conn, USER)
            seen.append(journey.state.journal_version)
            if len(seen) <= times:
                async with services.database.transaction() as tx:
                    data = {"axiomId": f"a{len(seen)}", "term": "x"}
                    await write_fact(
                        services, tx, member, "canon_definition_viewed", data["axiomId"], data, at=clock.now(), project=False
                    )
            return Decided(None, journey, [VIEWED])

        return decide, seen

    return make


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_who_was_forestalled_reads_and_decides_anew(services, member, meddle, clock, types, times):
    decide, seen = meddle(times)
    before = len(await types(member))
    _, wrote = await record_decided(services, USER, decide, at=clock.now())
    assert wrote
    assert seen == [before + n for n in range(times + 1)]
    assert (await types(member))[-1] == VIEWED[:2]


async def test_after_three_times_it_is_decided_under_the_member_s_turn(services, member, meddle, clock, types):
    decide, seen = meddle(0)
    under_turn = []

    async def forestalled(conn):
        made = await decide(conn)
        pid = await conn.scalar(sa.text("SELECT pg_backend_pid()"))
        held = await conn.scalar(
            sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = :pid"), {"pid": pid}
        )
        under_turn.append(held > 0)
        if not held:
            async with services.database.transaction() as tx:
                data = {"axiomId": f"a{len(seen)}", "term": "x"}
                await write_fact(services, tx, member, "canon_definition_viewed", data["axiomId"], data, at=clock.now())
        return made

    _, wrote = await record_decided(services, USER, forestalled, at=clock.now())
    assert wrote
    assert under_turn == [False, False, False, True]


async def test_what_writes_nothing_takes_no_turn(services, member, ids):
    await view_axiom(services, USER, "axiom-grace")
    async with services.database.transaction() as tx:
        await journal.take_turn(tx, USER)
        again = await asyncio.wait_for(view_axiom(services, USER, "axiom-grace"), SOON_S)
    assert not again.recorded


async def test_many_at_once_of_one_member_are_each_written_or_a_repeat(services, member, types, journey):
    """Forty tabs at the same moment: one view, one reading of each axiom, one beginning of the phase; gapless numbers."""
    wishes = [("section_viewed", "s1")] * 20 + [("canon_definition_viewed", "axiom-grace")] * 20
    done = await asyncio.wait_for(
        asyncio.gather(*(accept_event(services, USER, *wish) for wish in wishes), return_exceptions=True), SOON_S
    )
    assert sum(getattr(each, "recorded", False) for each in done) == 2
    assert sum(isinstance(each, DuplicateEvent) for each in done) == 19
    told = Counter(await types(member))
    assert told[("section_viewed", "s1")] == told[("phase_started", "awakening")] == 1
    assert told[("canon_definition_viewed", "axiom-grace")] == 1
    assert (await journey(member)).state.journal_version == sum(told.values())


async def test_reports_of_many_members_share_transactions_with_their_jobs_and_decisions(services, member, clock):
    users = [f"5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6c{n:02d}" for n in range(12)]
    enrolled = [
        (await enroll_in_formation_path(services, user, covenant="formation_journey", acknowledged_terms=True)).enrollment
        for user in users
    ]
    jobs = await count(services, "platform.execution")
    clock.later(seconds=60)
    done = await asyncio.gather(*(accept_event(services, user, "section_viewed", "s1") for user in users))
    assert all(each.recorded for each in done)
    async with services.database.connection() as conn:
        found = await conn.execute(
            sa.text("SELECT count(DISTINCT xid), count(*) FROM formation.journal WHERE event_type = 'section_viewed'")
        )
        transactions, views = found.one()
        decisions = [len(await list_decisions(conn, subject=each.enrollment_id)) for each in enrolled]
    assert views == 12
    assert transactions < 12
    assert decisions == [1] * 12
    assert await count(services, "platform.execution") == jobs + 12
