"""The audit keeps every decision with its inputs, refuses change, and finds what was changed behind its back."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from ruach_studio.infra import audit
from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.decision import DecisionResult, Verdict
from ruach_studio.kernel.hashing import inputs_hash

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def request_ids():
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        yield ids


@pytest.fixture
def decide(request_ids):
    def deciding(decision, inputs, subject="session-1"):
        verdict = Verdict(decision, (f"{decision} leads by 8.2 dB",), inputs_hash(inputs), "angle-v1", 0.8)
        return audit.DecisionEntry(DecisionResult(verdict, NOON, request_ids.correlation_id), subject, inputs)

    return deciding


@pytest.fixture
def record(database):
    async def recording(*entries):
        async with database.transaction() as tx:
            await audit.record_decisions(tx, entries)

    return recording


@pytest.fixture
def faults(database):
    async def finding():
        async with database.connection() as conn:
            return [(fault.chain, fault.seq, fault.fact) for fault in await audit.verify_chain(conn)]

    return finding


@pytest.fixture
def tamper(database):
    """Run SQL as someone who can switch the triggers off."""

    def tampering(*statements):
        with psycopg.connect(database.dsn) as conn:
            conn.execute("SET session_replication_role = replica")
            for statement in statements:
                conn.execute(statement)

    return tampering


async def test_a_decision_is_found_by_each_of_its_ids(database, record, decide, request_ids, faults):
    energy = {"dbfs": [-20.0, float("-inf")], "window": 3}
    entry = decide("camera_b", energy)
    await record(entry, decide("camera_a", [1], subject="other"))
    async with database.connection() as conn:
        by_subject = await audit.list_decisions(conn, subject="session-1")
        assert len(await audit.list_decisions(conn, correlation_id=request_ids.correlation_id)) == 2
        assert len(await audit.list_decisions(conn, automation_id=request_ids.automation_id, limit=1)) == 1
        assert await audit.list_decisions(conn, correlation_id=new_id()) == []
        stored = await audit.stored_inputs(conn, entry.result.verdict.inputs_hash)
    assert by_subject[0]["result"] == entry.result.to_wire()
    assert by_subject[0]["automationId"] == request_ids.automation_id
    assert stored == {"dbfs": [-20, "-Infinity"], "window": 3}
    assert inputs_hash(stored) == entry.result.verdict.inputs_hash
    assert await faults() == []


async def test_a_batch_keeps_its_order_and_stores_shared_inputs_once(database, record, decide, faults):
    matrix = list(range(500))
    await record(*(decide(f"camera_{n}", matrix) for n in range(300)))
    async with database.connection() as conn:
        found = await audit.list_decisions(conn, limit=500)
        inputs = (await conn.exec_driver_sql("SELECT count(*) FROM platform.decision_input")).scalar_one()
    assert [each["result"]["decision"] for each in reversed(found)] == [f"camera_{n}" for n in range(300)]
    assert inputs == 1
    assert await faults() == []


async def test_inputs_that_the_rule_did_not_read_are_refused(database, decide):
    entry = decide("camera_b", [1])
    async with database.transaction() as tx:
        with pytest.raises(audit.InputsDiffer, match="session-1"):
            await audit.record_decision(tx, entry.result, subject="session-1", inputs=[2])


@pytest.mark.parametrize("table", ["decision_audit", "decision_input", "transition_audit"])
@pytest.mark.parametrize(
    "statement", ["UPDATE platform.{} SET {}", "DELETE FROM platform.{}", "TRUNCATE platform.{} CASCADE"]
)
async def test_nothing_is_ever_changed_or_deleted(database, table, statement):
    column = "inputs = ''" if table == "decision_input" else "entry = ''"
    with pytest.raises(exc.DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.exec_driver_sql(statement.format(table, column))


async def test_transitions_are_listed_and_chained(database, request_ids, faults):
    async with database.transaction() as tx:
        for before, after in [(None, "draft"), ("draft", "in_review")]:
            await audit.record_transition(
                tx, entity="edl", entity_id="s:1", from_state=before, to_state=after, actor="ana", reason="seen"
            )
    async with database.connection() as conn:
        newest, oldest = await audit.list_transitions(conn, entity="edl", entity_id="s:1")
    assert (newest["from"], newest["to"], newest["actor"], newest["reason"]) == ("draft", "in_review", "ana", "seen")
    assert oldest["from"] is None
    assert newest["correlationId"] == request_ids.correlation_id
    assert await faults() == []


async def test_concurrent_recorders_make_one_unbroken_chain(database, decide, faults):
    async def one(number):
        async with database.transaction() as tx:
            if number % 2:
                await audit.record_transition(
                    tx, entity="x", entity_id=str(number), from_state=None, to_state="a", actor="t"
                )
            entry = decide(f"d{number}", [number])
            await audit.record_decision(tx, entry.result, subject="s", inputs=entry.inputs)

    await asyncio.gather(*(one(number) for number in range(20)))
    async with database.connection() as conn:
        assert [each["seq"] for each in await audit.list_decisions(conn)] == list(range(20, 0, -1))
    assert await faults() == []


@pytest.mark.parametrize(
    ("statement", "seq", "fact"),
    [
        (
            "UPDATE platform.decision_audit SET entry = replace(entry, '8.2 dB', '9.2 dB') WHERE seq = 4",
            4,
            "hash does not fit",
        ),
        ("UPDATE platform.decision_audit SET decision = 'd9' WHERE seq = 4", 4, "column decision"),
        ("UPDATE platform.decision_audit SET automation_id = NULL WHERE seq = 4", 4, "column automation_id"),
        ("DELETE FROM platform.decision_audit WHERE seq = 4", 5, "rows 4 to 4 are missing"),
        ("DELETE FROM platform.decision_audit WHERE seq > 8", 10, "written last is missing"),
        ("DELETE FROM platform.decision_input WHERE inputs = '[3]'", 4, "inputs are missing"),
        (
            "ALTER TABLE platform.decision_input DROP CONSTRAINT decision_input_check;"
            " UPDATE platform.decision_input SET inputs = '[9]' WHERE inputs = '[3]'",
            4,
            "inputs are missing or altered",
        ),
    ],
)
async def test_tampering_is_found(record, decide, faults, tamper, statement, seq, fact):
    for number in range(10):
        await record(decide(f"d{number}", [number]))
    assert await faults() == []
    tamper(statement)
    found = await faults()
    assert [each[:2] for each in found] == [("decision_audit", seq)]
    assert fact in found[0][2]


async def test_a_rewritten_row_with_a_fitting_hash_breaks_the_next_one(record, decide, faults, tamper):
    for number in range(3):
        await record(decide(f"d{number}", [number]))
    tamper(
        "UPDATE platform.decision_audit SET decision = 'd9', entry = replace(entry, '\"d1\"', '\"d9\"') WHERE seq = 2",
        "UPDATE platform.decision_audit SET hash = encode(sha256(convert_to(prev_hash || E'\\n' || seq || E'\\n' || entry,"
        " 'UTF8')), 'hex') WHERE seq = 2",
    )
    assert await faults() == [("decision_audit", 3, "it does not continue the row before it")]


async def test_a_plan_made_for_an_empty_table_does_not_read_a_full_one(database, record, decide):
    """A connection keeps its plans, and the emptiness of a new installation is known to the planner after an ANALYZE."""
    async with database.statements() as conn:
        await conn.execute(sa.text("ANALYZE platform.decision_audit"))
    for number in range(40):
        await record(decide("cut", {"n": number}))
    async with database.statements() as conn:
        await conn.execute(sa.text("SELECT pg_stat_force_next_flush()"))
        scans = "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'decision_audit'"
        seq_scan, idx_scan = (await conn.execute(sa.text(scans))).one()
    assert idx_scan >= 80  # at each row, and for the head
    assert seq_scan <= 1  # the ANALYZE, if that
