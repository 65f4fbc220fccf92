"""A story holds failures, retries, dead letters and commands too; who asked is kept as long as said, and no more."""

import hashlib
import json
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa

from ruach_studio.app.cli import audit as audit_command
from ruach_studio.app.trace import NothingKnown, tell
from ruach_studio.infra import audit
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.failure import record_failure
from ruach_studio.infra.queues.port import JobError
from ruach_studio.infra.queues.store import runs
from ruach_studio.infra.signals.request_log import RequestLog, is_kept
from ruach_studio.infra.taps import Answered
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.membership.entitlements import entitled

FINAL = JobError("bad_media", "the file is gone", retryable=False)
AGAIN = JobError("disk", "the disk was slow", retryable=True)


def answered(**changes):
    plain = Answered(
        "POST", "/sessions", 201, SystemClock().now(), 0.01, 0.02, new_id(), f"session:{new_id()}", frozenset({"operator"})
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, True),
        ({"status": 409}, True),
        ({"method": "GET"}, False),
        ({"route": None}, False),
        ({"roles": frozenset({"member"})}, False),
        ({"roles": frozenset({"member", "operator"})}, True),
        ({"actor": None, "roles": frozenset()}, True),  # Stripe's webhook, a sign-in
        ({"actor": None, "roles": frozenset(), "status": 401}, False),
    ],
)
def test_what_is_kept_of_requests(changes, kept):
    assert is_kept(answered(**changes)) is kept


async def test_requests_are_written_once_and_pruned_and_an_outage_costs_no_answer(database):
    kept = RequestLog(database, keep_days=30)
    old = answered(at=SystemClock().now().replace(year=2020))
    for each in (old, *(answered() for _ in range(4)), answered(method="GET")):
        kept.answered(each)
    await kept.close()

    async def rows():
        async with database.connection() as conn:
            return (await conn.execute(sa.text("SELECT * FROM platform.request_log ORDER BY id"))).all()

    found = await rows()
    assert len(found) == 4  # the old one was pruned by the first flush
    assert {(row.method, row.route, row.status, row.took_ms) for row in found} == {("POST", "/sessions", 201, 20.0)}
    away = RequestLog(Database("postgresql://nobody@127.0.0.1:1/none"), keep_days=30)
    away.answered(answered())
    await away.close()
    off = RequestLog(database, keep_days=0)
    off.answered(answered())
    await off.close()
    assert await rows() == []  # 0 keeps nothing, also not what was kept before


async def test_a_failed_chain_is_told_with_its_retry_its_death_and_the_operators_word(database, services, caller):
    operator = await caller("operator")
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        async with database.transaction() as tx:
            first = await services.queue.add(tx, "assembly-jobs", "sync", {"sessionId": "talk-9"})
        async with database.transaction() as tx:
            await runs.begin(tx, first, 1)
        async with database.transaction() as tx:
            second = (await record_failure(tx, services.queue, {}, first, AGAIN)).retried_as
        async with database.transaction() as tx:
            await record_failure(tx, services.queue, {}, second, FINAL)
    with bind(correlation_id=new_id(), automation_id=ids.automation_id) as operators:
        async with database.transaction() as tx:
            third = await services.queue.requeue(tx, second, actor="session:ana", reason="the disk is back")
            await audit.record_transition(
                tx, entity="command", entity_id=third, from_state=None, to_state="executed", actor="session:ana"
            )
    by_request = await tell(services, ids.correlation_id)
    told = [line.what for line in by_request.lines if line.what.startswith(("job", "dead"))]
    assert told[:3] == ["job.queued", "job.started", "job.failed"]
    assert sorted(told[3:]) == sorted([
        "job.queued", "job.dead-letter", "dead-letter.buried", "dead-letter.resolved", "job.queued",
    ])  # fmt: skip
    assert operators.correlation_id in (await tell(services, ids.automation_id)).scope.correlations
    for asked in (ids.automation_id, first, third, "talk-9"):
        story = await tell(services, asked)
        said = "\n".join(line.said for line in story.lines)
        assert {first, second, third} <= set(story.scope.jobs), asked
        assert f"attempt 2 after {first}" in said
        assert "bad_media: the file is gone" in said
        assert "requeued: the disk is back (by session:ana)" in said
    shown = (await operator.get("/ops/trace/talk-9", params={"limit": 3})).json()
    assert (len(shown["lines"]), shown["leftOut"] > 0) == (3, True)
    assert shown["lines"] == [line.to_wire() for line in (await tell(services, "talk-9")).lines[-3:]]
    with pytest.raises(NothingKnown):
        await tell(services, new_id())


async def decide(services, tier):
    found = entitled([], [], {})
    verdict = found.verdict
    with bind(correlation_id=new_id()) as ids:
        async with services.database.transaction() as tx:
            result = DecisionResult(verdict, SystemClock().now(), ids.correlation_id)
            await audit.record_decision(tx, result, subject=f"membership:{tier}", inputs=found.inputs)
    return ids.correlation_id


async def test_the_audit_is_verified_and_a_forged_chain_is_found_by_deciding_again(database, services, caller):
    mine, other = await decide(services, "a"), await decide(services, "b")
    whole = await audit_command.verified(services)
    assert (whole.decisions, whole.faults) == (2, ())
    assert (await audit_command.verified(services, mine)).decisions == 1
    operator = await caller("operator")
    (listed,) = (await operator.get("/decisions", params={"correlationId": mine})).json()["decisions"]
    assert listed["subject"] == "membership:a"

    # who can switch the triggers off rewrites the last row and every hash that hangs on it
    with psycopg.connect(database.dsn) as conn:
        conn.execute("SET session_replication_role = replica")
        seq, entry, before = conn.execute(
            "SELECT seq, entry, prev_hash FROM platform.decision_audit ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        told = json.loads(entry)
        told["result"]["decision"] = "steward"
        forged = json.dumps(told)
        chained = hashlib.sha256(f"{before}\n{seq}\n{forged}".encode()).hexdigest()
        conn.execute(
            "UPDATE platform.decision_audit SET entry = %s, hash = %s, decision = 'steward' WHERE seq = %s",
            (forged, chained, seq),
        )
        conn.execute("UPDATE platform.audit_head SET hash = %s WHERE chain = 'decision_audit'", (chained,))
    (fault,) = (await audit_command.verified(services)).faults
    assert fault.startswith("steward: the rule does not say this")
    assert (await audit_command.verified(services, mine)).faults == ()
    assert (await audit_command.verified(services, other)).faults == (fault,)
    with psycopg.connect(database.dsn) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE platform.decision_audit SET subject = 'x' WHERE seq = %s", (seq,))
    assert any(f"decision_audit row {seq}" in each for each in (await audit_command.verified(services)).faults)


async def test_events_that_were_pruned_stay_in_the_story(services, database):
    correlation, event = new_id(), new_id()
    past = sa.text(
        "INSERT INTO platform.event_past (event_id, event_type, version, occurred_at, correlation_id, heard)"
        " VALUES (:event, 'edl.locked', 1, '2026-01-02T03:04:05Z', :correlation, CAST(:heard AS jsonb))"
    )
    heard = json.dumps({"render.keep-locked-edl": "2026-01-02T03:04:06Z"})
    async with database.transaction() as tx:
        await tx.execute(past, {"event": event, "correlation": correlation, "heard": heard})
    story = await tell(services, correlation)
    assert [line.what for line in story.lines] == ["event.published", "event.consumed"]
    assert [line.facts["eventId"] for line in story.lines] == [event, event]
    assert (story.lines[1].at - story.lines[0].at).total_seconds() == 1


async def test_closing_the_database_writes_what_waits(database_url):
    async with Database(database_url) as opened:
        RequestLog(opened, keep_days=30).answered(answered())
    async with Database(database_url) as again, again.connection() as conn:
        assert await conn.scalar(sa.text("SELECT count(*) FROM platform.request_log")) == 1
