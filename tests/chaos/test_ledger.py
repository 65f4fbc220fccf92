"""The books can say no: each broken promise that can be written into a database is named by the check that is to find it."""

import psycopg
import pytest
from psycopg.rows import dict_row

from .faults import WEIGHTS, next_of, plan
from .ledger import Ledger
from .load import Film
from .stage import Stage

JOB = "11111111-1111-4111-8111-111111111111"
ADD = (
    "INSERT INTO platform.execution (id, queue, name, payload, correlation_id, automation_id, state, error)"
    " VALUES (%s, 'render-jobs', 'render', '{}', %s, %s, %s, %s::jsonb)"
)


@pytest.fixture
def ledger(database_url, tmp_path):
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as conn:
        books = Ledger.__new__(Ledger)
        books.conn, books.stage = conn, Stage(tmp_path, port=1)
        yield books


@pytest.mark.parametrize(
    ("row", "check", "sentence"),
    [
        ((JOB, "c", "a", "running", None), "jobs", "is still running"),
        ((JOB, "c", "a", "failed", '{"code": "x"}'), "jobs", "failed and nothing followed"),
        ((JOB, "c", "a", "dead-letter", '{"code": "x"}'), "jobs", "died without a dead letter"),
        ((JOB, "c", "a", "failed", "{}"), "failures", "failed without a code"),
        ((JOB, "", "a", "completed", None), "ids", "1 rows of execution have no correlation id"),
        ((JOB, "c", None, "completed", None), "ids", "have no automation id"),
    ],
)
def test_a_broken_promise_is_named(ledger, row, check, sentence):
    ask = (lambda: ledger.jobs([])) if check == "jobs" else getattr(ledger, check)
    assert list(ask()) == []
    ledger.conn.execute(ADD, row)
    (told,) = ask()
    assert sentence in told


def test_what_was_acknowledged_and_is_not_there_is_lost(ledger):
    (lost,) = ledger.jobs([Film("talk", {JOB: "sync"})])
    assert lost == f"lost job {JOB} (talk sync)"
    assert list(ledger.stripe(["evt_1", "evt_1"])) == ["Stripe's evt_1 was acknowledged and is lost"]
    assert list(ledger.journal({JOB: {("section_viewed", "s1")}})) == [f"enrollment {JOB} lost ('section_viewed', 's1')"]


def test_the_same_seed_draws_the_same_faults_and_every_kind_first():
    kinds = list(WEIGHTS)
    assert plan(7, 40, kinds) == plan(7, 40, kinds) != plan(8, 40, kinds)
    assert {each.kind for each in plan(7, 40, kinds)[: len(kinds)]} == set(kinds)


def test_a_fault_on_ffmpeg_waits_first_in_line_until_one_runs():
    pending = plan(3, 60, ["FFmpeg hangs", "stop PostgreSQL"])
    drawn = list(pending)
    first = next(each for each in pending if each.kind == "stop PostgreSQL")
    assert next_of(pending, encoding=False) == first
    assert next_of(pending, encoding=True) == next(each for each in drawn if each is not first)
    assert (
        next_of(hangs := [each for each in drawn if each.kind == "FFmpeg hangs"][:1], encoding=False).kind == "FFmpeg hangs"
    )
    assert hangs == []


def test_what_bullmq_holds_for_ever_is_a_loss(ledger):
    ledger.conn.execute(ADD, (JOB, "c", "a", "completed", None))
    ledger.conn.execute(
        "INSERT INTO bullmq.job (queue, id, name, state, seq, added_at_ms, lock_token, locked_until_ms) VALUES"
        " ('render-jobs', %s, 'render', 'active', 1, 1, 't', 1)", (JOB,)
    )  # fmt: skip
    (told,) = ledger.jobs([])
    assert told.startswith(f"BullMQ still holds {JOB} of render-jobs as active; execution completed, its lock runs out in -")
