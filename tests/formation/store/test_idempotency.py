"""Formation event, key userId + eventType + contentId within a second: again, 20 at once or after a crash, one row."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store import enrollments, journal

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def enrollment(publish, enroll_row, walk_graph):
    return await enroll_row(await publish(walk_graph))


def viewed(enrollment, second, event_id=None):
    whole = {"sectionId": "s1", "phase": "awakening", "dwellTimeSeconds": 3}
    at = START + timedelta(seconds=second)
    return JournalEvent(
        event_id or str(uuid.uuid4()), enrollment.user_id, enrollment.enrollment_id, "section_viewed", "s1", at, whole
    )


async def emit(database, event):
    async with database.transaction() as tx:
        return await journal.append(tx, event)


async def stands(database, enrollment):
    async with database.connection() as conn:
        rows = await journal.read(conn, enrollment.enrollment_id)
        return [version for version, _ in rows], (await enrollments.get(conn, enrollment.enrollment_id)).journal_version


async def test_20_at_once_within_a_second_are_one_event_and_all_name_it(database, enrollment):
    answers = await asyncio.gather(*(emit(database, viewed(enrollment, n * 0.04)) for n in range(20)))
    made = [answer for answer in answers if answer.version is not None]
    assert [answer.version for answer in made] == [1]
    named = {answer.duplicate_of for answer in answers if answer.version is None}
    async with database.connection() as conn:
        ((_, kept),) = await journal.read(conn, enrollment.enrollment_id)
    assert named == {kept.event_id}
    assert await stands(database, enrollment) == ([1], 1)


async def test_the_same_event_again_in_sequence_names_the_first_and_writes_nothing(database, enrollment):
    first = viewed(enrollment, 0)
    assert (await emit(database, first)).version == 1
    for _ in range(3):
        again = await emit(database, viewed(enrollment, 0.5))
        assert (again.version, again.duplicate_of) == (None, first.event_id)
    assert await stands(database, enrollment) == ([1], 1)


async def test_a_connection_that_breaks_after_the_commit_leaves_the_event_and_one_before_it_none(database, enrollment):
    lost = viewed(enrollment, 0)
    async with database.engine.connect() as conn:  # dies with its transaction open
        await journal.append(conn, lost)
        await conn.invalidate()
    assert await stands(database, enrollment) == ([], 0)
    first = viewed(enrollment, 0)
    await emit(database, first)  # its answer is lost; whoever asked does not know
    again = await emit(database, viewed(enrollment, 0))
    assert again.duplicate_of == first.event_id
    assert await stands(database, enrollment) == ([1], 1)
