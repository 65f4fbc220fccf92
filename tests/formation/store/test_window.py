"""Twenty writers at once cannot break the one-second window, nor are they refused without cause."""

import random
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store import journal
from ruach_studio.infra.context import bind, new_id
from ruach_studio.testing.window import Attempt, judge, times

START = datetime(2026, 3, 1, tzinfo=UTC)
WRITERS, USERS, STEPS = 20, 4, 3  # 12 hot keys
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(at):
    return (at - EPOCH) // timedelta(microseconds=1)


def viewed(enrollment, step, at):
    data = {"sectionId": step, "phase": "awakening", "dwellTimeSeconds": 3}
    return JournalEvent(str(uuid.uuid4()), enrollment.user_id, enrollment.enrollment_id, "section_viewed", step, at, data)


def write(dsn, events, dice, told):
    """Append in transactions of one to four events; one in thirty is given up after it was told it was accepted."""
    with bind(correlation_id=new_id()), psycopg.connect(dsn) as conn:
        while events:
            part = [events.pop() for _ in range(min(len(events), dice.choice((1, 1, 1, 4))))]
            done = journal.told(part, journal.said(conn.execute(*journal.statement(part)).fetchall()))
            if dice.random() < 1 / 30:
                conn.rollback()
                continue
            conn.commit()
            told += [
                Attempt((e.user_id, e.event_type, e.content_id), us(e.occurred_at), each.version is not None)
                for e, each in zip(part, done, strict=True)
            ]


def run(dsn, enrollments, count, seed):
    """Let 20 threads write `count` offers; return the judgement and the rows."""
    dice = random.Random(seed)
    events = [viewed(dice.choice(enrollments), f"s{dice.randrange(STEPS)}", at) for at in times(count, dice, START)]
    told = []
    threads = [
        threading.Thread(target=write, args=(dsn, events[n::WRITERS][::-1], random.Random(seed * 100 + n), told))
        for n in range(WRITERS)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT user_id, event_type, content_id, occurred_at, enrollment_id, version"
                            " FROM formation.journal").fetchall()  # fmt: skip
        heads = conn.execute("SELECT enrollment_id, journal_version FROM formation.enrollment").fetchall()
    return judge(told, [(row[:3], us(row[3])) for row in rows]), rows, dict(heads)


@pytest.fixture
async def enrollments(publish, enroll_row, walk_graph):
    """Four users, two of them on two paths: the window is the user's, not the enrollment's."""
    first = await publish(walk_graph)
    second = await publish(replace(walk_graph, path_id="second"))
    rows = [await enroll_row(first, user_id=f"u{n}") for n in range(USERS)]
    return rows + [await enroll_row(second, user_id=f"u{n}") for n in range(2)]


def held(found, rows, heads, count):
    """What must hold after any run."""
    assert (found.violations, found.unjustified, found.astray) == (0, 0, 0)
    assert found.accepted == len(rows)
    assert found.accepted > count / 10 < found.refused  # the offers are hard enough, and not too hard
    for enrollment_id, last in heads.items():
        assert sorted(row[5] for row in rows if row[4] == enrollment_id) == list(range(1, last + 1))


def test_the_window_holds_in_a_small_run(database, enrollments):
    held(*run(database.dsn, enrollments, 800, seed=1), 800)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_the_window_holds_for_8000_attempts(database, enrollments, seed):
    held(*run(database.dsn, enrollments, 8000, seed), 8000)


@pytest.mark.parametrize(("function", "count"), [("append_event", 1), ("append_events", 2)])
async def test_without_the_users_turn_two_writers_would_both_be_accepted(database, enrollments, function, count):
    """The judge sees what the lock prevents: the same functions without it, two transactions open at once."""
    with psycopg.connect(database.dsn, autocommit=True) as conn:
        source = conn.execute(f"SELECT pg_get_functiondef('formation.{function}'::regproc)").fetchone()[0]
        assert source.count("pg_advisory_xact_lock(") == 1
        conn.execute(source.replace("pg_advisory_xact_lock(", "("))
    told = []
    with bind(correlation_id=new_id()), psycopg.connect(database.dsn) as one, psycopg.connect(database.dsn) as two:
        # two enrollments of one user, so that no row of theirs stands between
        for conn, enrollment in ((one, enrollments[0]), (two, enrollments[USERS])):
            events = [viewed(enrollment, "s0", START), viewed(enrollment, f"s{enrollment.path_id}", START)][:count]
            done = journal.told(events, journal.said(conn.execute(*journal.statement(events)).fetchall()))
            told.append(Attempt(("u0", "section_viewed", "s0"), us(START), done[0].version is not None))
        one.commit()
        two.commit()
    stored = [(each.key, each.at_us) for each in told if each.accepted]
    assert judge(told, stored).violations == 1
