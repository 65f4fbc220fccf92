"""The quick way to read a journal gives the state that its events give, whatever the events hold."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.formation.journal import CONTROL_PAYLOADS, PAYLOADS, JournalEvent
from ruach_studio.formation.state import NeedsWholeJournal, digest, replay, replay_rows
from ruach_studio.formation.store import journal, journal_rows

START = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
FIELDS = {**PAYLOADS, **CONTROL_PAYLOADS}
VALUES = {
    "covenantType": "formation_journey", "acknowledgedTerms": True, "phase": "awakening", "previousPhase": "awakening",
    "isRegurgitation": False, "showsWrestling": True, "type": "text", "doctrinalSoundness": "sound", "gapType": "practical",
    "recommendationType": "revisit", "dimension": "pace", "requirementsNeeded": ["a \"b\" \\ \n é"], "subScores": {"a": 1},
    "utcOffsetMinutes": -300, "nodeIds": ["a", "s1"], "mapping": {"s1": ["s2", "s3"]}, "merges": [["s7", "s1", "s8"]],
    "keptOpen": ["s6"], "report": {}, "action": "replay",
    "pause_triggered.reason": "speed_run_detected", "pause_triggered.severity": "gate", "eventId": str(uuid.uuid4()),
    "formation_gap_detected.severity": "minor",
}  # fmt: skip
COUNTS = frozenset({
    "daysInPhase", "checkpointsCompleted", "reflectionsSubmitted", "dwellTimeSeconds", "totalDwellTimeSeconds",
    "timeSinceReached", "wordCount", "timeSinceCheckpointReached", "graphVersion", "fromVersion", "toVersion",
})  # fmt: skip


def whole(kind, number, full):
    """A payload of every required field, and every optional one if `full`."""
    required, optional = FIELDS[kind]
    one = {
        "passed": number % 2 == 0,
        "depthScore": number % 7 / 7,
        "score": 0.5,
        "source": ("rules", "operator")[number % 2],
    }
    one |= dict.fromkeys(COUNTS, number)
    names = required | optional if full else required
    return {name: VALUES.get(f"{kind}.{name}", {**VALUES, **one}.get(name, f"{name} {number % 3}")) for name in names}


@pytest.fixture
async def enrollment(publish, enroll_row, walk_graph):
    return await enroll_row(await publish(walk_graph))


@pytest.fixture
def write(database, enrollment):
    """Return a coroutine that appends rows (type, content id, payload), a minute apart, the odd ones out of order."""

    async def do(*rows):
        events = [
            JournalEvent(str(uuid.uuid4()), enrollment.user_id, enrollment.enrollment_id, kind, content,
                         START + timedelta(minutes=n if n % 3 else n - 30, microseconds=n), data)
            for n, (kind, content, data) in enumerate(rows)
        ]  # fmt: skip
        async with database.transaction() as tx:
            assert all(done.version for done in await journal.append_many(tx, events))
        return events

    return do


async def both(database, enrollment, **asked):
    async with database.connection() as conn:
        quick = replay_rows(await journal_rows.read(conn, enrollment.enrollment_id), **asked)
        return quick, replay(await journal.read(conn, enrollment.enrollment_id), **asked)


async def test_every_type_with_every_field_or_only_the_required_ones_gives_the_same_state(database, enrollment, write):
    kinds = [kind for kind in FIELDS if kind != "voided"]
    rows = [(kind, ("s1", "", 'o"\\dd\n\té')[n % 3], whole(kind, n, n % 2 == 0)) for n, kind in enumerate(kinds * 6)]
    await write(*rows)
    quick, events = await both(database, enrollment)
    assert quick == events
    assert quick.latest_event_at == events.latest_event_at
    assert (digest(quick), quick.journal_version) == (digest(events), len(rows))
    quick, events = await both(database, enrollment, as_of=START + timedelta(minutes=47, microseconds=47))
    assert quick == events
    assert 0 < quick.journal_version < len(rows)


async def test_a_row_too_long_for_the_index_is_read_from_the_event(database, enrollment, write):
    gated = whole("content_gated", 1, True) | {"requirementsNeeded": ["x" * 3000]}
    await write(("section_viewed", "s1", whole("section_viewed", 1, True)), ("content_gated", "s2", gated),
                ("section_completed", "s1", whole("section_completed", 3, True)))  # fmt: skip
    async with database.connection() as conn:
        assert (
            await conn.execute(sa.text("SELECT version FROM formation.journal WHERE brief IS NULL"))
        ).scalars().all() == [2]
        tail = await journal_rows.read(conn, enrollment.enrollment_id, after=1)
    assert [row[0] for row in tail.rows] == ["content_gated", "section_completed"]
    quick, events = await both(database, enrollment)
    assert quick == events
    assert quick.gated == {"s2": ("x" * 3000,)}


async def test_a_void_is_found_and_the_events_are_read_instead(database, enrollment, write):
    events = await write(("section_completed", "s1", whole("section_completed", 1, True)))
    await write(("voided", "", {"eventId": events[0].event_id, "requestedBy": "1", "reason": ""}))
    async with database.connection() as conn:
        with pytest.raises(NeedsWholeJournal):
            replay_rows(await journal_rows.read(conn, enrollment.enrollment_id))
        state = await journal_rows.replay_stored(conn, enrollment.enrollment_id)
        first = replay((await journal.read(conn, enrollment.enrollment_id))[:1])
        assert await journal_rows.replay_stored(conn, enrollment.enrollment_id, start=first) == state
    assert (dict(state.sections_completed), state.journal_version) == ({}, 2)


async def test_only_the_tail_is_read_behind_a_state_and_a_date_before_it_reads_all(database, enrollment, write):
    await write(*[("section_viewed", f"s{n}", whole("section_viewed", n, True)) for n in range(9)])
    async with database.connection() as conn:
        events = await journal.read(conn, enrollment.enrollment_id)
        start = replay(events[:5])
        assert len((await journal_rows.read(conn, enrollment.enrollment_id, after=5)).rows) == 4
        assert await journal_rows.replay_stored(conn, enrollment.enrollment_id, start=start) == replay(events)
        early = START + timedelta(minutes=2)
        state = await journal_rows.replay_stored(conn, enrollment.enrollment_id, start=start, as_of=early)
        assert state == replay(events, as_of=early) != start


async def test_no_such_enrollment_has_an_empty_state(database):
    async with database.connection() as conn:
        assert (await journal_rows.replay_stored(conn, str(uuid.uuid4()))).journal_version == 0
