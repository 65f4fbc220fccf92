"""The registry of recovery commands, walked: the six of the specification, those that a decision names, and no other."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from ruach_studio.app.ops import commanding
from ruach_studio.app.pillars import hooks
from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import JobError
from ruach_studio.infra.queues.failure import record_failure
from ruach_studio.render.store import edls, jobs
from ruach_studio.render.store.jobs import NewJob
from ruach_studio.render.usecases.request_renders import enqueue

THE_SIX = {
    "render.retry", "render.resume", "render.cancelAll", "assembly.replay", "formation.repair", "formation.migrate",
}  # fmt: skip
UNKNOWN_ID = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
NO_SUCH = {
    "render.retry": {"renderJobId": UNKNOWN_ID}, "render.resume": {"sessionId": "none", "step": "upload"},
    "render.cancelAll": {"automationId": UNKNOWN_ID},
    "assembly.replay": {"sessionId": "none", "fromOffset": 0, "toOffset": 1000},
    "formation.repair": {"enrollmentId": UNKNOWN_ID, "strategy": "replay"},
    "formation.migrate": {"enrollmentId": UNKNOWN_ID, "toGraphVersion": 2},
    "queue.resume": {"queue": "no-such-queue"},
    "deadLetter.discard": {"deadLetterId": UNKNOWN_ID}, "event.redeliver": {"consumer": "x", "eventId": UNKNOWN_ID},
}  # fmt: skip
DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"


def named_in_a_decision():
    """Return the commands that decision records add: lines `Command added: `name``."""
    told = "\n".join(each.read_text(encoding="utf-8") for each in DECISIONS.glob("0*.md"))
    return set(re.findall(r"^- Command added: `([\w.]+)`", told, re.MULTILINE))


def test_the_six_are_there_and_no_other_but_those_of_a_decision(services):
    registered = {each.name for each in commanding(services).registry.every()}
    assert registered >= THE_SIX
    assert registered - THE_SIX == named_in_a_decision()


@pytest.fixture
def everything(database):
    """Return a digest of every table of ours."""

    async def reading():
        async with database.connection() as conn:
            names = await conn.execute(
                sa.text(
                    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN"
                    " ('platform', 'render', 'assembly', 'formation', 'membership', 'bullmq')"
                )
            )
            digests = {}
            for name in names.scalars():
                digest = sa.text(f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {name} t")  # noqa: S608
                digests[name] = await conn.scalar(digest)
        told = ("login_", "request_log")  # every request writes these
        return {name: digest for name, digest in digests.items() if not any(each in name for each in told)}

    return reading


@pytest.fixture
async def dead_render(services, database):
    """A render that died, as its worker leaves it; its id and its automation's."""
    asked = NewJob(new_id(), "talk-1", "clip_1_1", 1, new_id(), False, "test")
    with bind(correlation_id=new_id(), automation_id=asked.automation_id):
        async with database.transaction() as tx:
            now = services.clock.now()
            await edls.keep(tx, "talk-1", 1, {}, locked_by="test", at=now)
            await enqueue(services, tx, await jobs.insert(tx, asked, now))
            await jobs.move(tx, asked.render_job_id, "processing", actor="test", at=now, reason="test")
            error = JobError("store_refused", "403", retryable=False)
            outcome = await record_failure(tx, services.queue, hooks(services), asked.render_job_id, error)
            assert outcome.dead
    return asked


async def test_every_command_has_a_dry_run_wants_a_reason_and_is_audited(services, caller, everything, database):
    operator = await caller("operator")
    listed = (await operator.get("/ops/commands")).json()
    before = await everything()
    for each in listed:
        assert each["supportsDryRun"], each["name"]
        url, params = f"/ops/commands/{each['name']}", NO_SUCH.get(each["name"])
        assert params is not None, f"{each['name']} has no line in this test"
        for reason in ("", "  ", "\t\n"):
            refused = await operator.post(url, json={"params": params, "reason": reason})
            assert (refused.status_code, refused.json()["subject"]) == (422, "reason"), each["name"]
        assert (await operator.post(url, json={"params": params})).status_code == 422, "no reason at all"
        dry = await operator.post(url, json={"params": params, "reason": "a drill", "dryRun": True})
        assert dry.status_code in (200, 404, 409), dry.text
    assert await everything() == before, "neither a refusal nor a dry run leaves a trace"
    for each in listed:
        body = {"params": NO_SUCH[each["name"]], "reason": f"drill of {each['name']}"}
        assert (await operator.post(f"/ops/commands/{each['name']}", json=body)).status_code in (404, 409), each["name"]
    async with database.connection() as conn:
        noted = await list_transitions(conn, entity="command")
    for each in listed:
        steps = [row for row in noted if row["reason"].startswith(f"{each['name']} ")]
        assert steps[0]["to"] == "refused", each["name"]
        assert f": drill of {each['name']} | " in steps[0]["reason"]
        assert all(row["actor"].startswith("session:") and row["recordedAt"] for row in steps)


async def test_nobody_but_an_operator_runs_one(services, caller):
    member, admin, machine = await caller("member"), await caller("admin"), await caller()
    token = {"name": "reader", "roles": ["operator"], "scopes": ["ops:read"]}
    secret = (await admin.post("/auth/service-tokens", json=token)).json()["secret"]
    machine.headers["authorization"] = f"Bearer {secret}"
    assert (await machine.get("/ops/dead-letters")).status_code == 200
    discard = f"/ops/dead-letters/{UNKNOWN_ID}/discard"
    for each in commanding(services).registry.every():
        body = {"params": NO_SUCH[each.name], "reason": "a drill"}
        for who in (member, machine):
            assert (await who.post(f"/ops/commands/{each.name}", json=body)).status_code == 403, each.name
            assert (await who.post(discard, json={"reason": "a drill"})).status_code == 403
    body["params"] = NO_SUCH["render.retry"]
    assert (await admin.post("/ops/commands/render.retry", json=body)).status_code == 404, "an admin is an operator"


async def test_a_retry_makes_a_new_job_of_the_same_automation_and_closes_the_letter(
    caller, dead_render, everything, services, database
):
    operator = await caller("operator")
    params = {"renderJobId": dead_render.render_job_id}
    (letter,) = (await operator.get("/ops/dead-letters")).json()["deadLetters"]
    assert (letter["sourceId"], letter["automationId"]) == (dead_render.render_job_id, dead_render.automation_id)
    before = await everything()
    dry = await operator.post("/ops/commands/render.retry", json={"params": params, "reason": "x", "dryRun": True})
    assert (dry.status_code, await everything()) == (200, before)
    done = await operator.post("/ops/commands/render.retry", json={"params": params, "reason": "keys rotated"})
    (job,) = done.json()["result"]["jobs"]
    assert job["renderJobId"] != dead_render.render_job_id
    assert (job["automationId"], job["retryOf"]) == (dead_render.automation_id, dead_render.render_job_id)
    (letter,) = (await operator.get("/ops/dead-letters", params={"state": "resolved"})).json()["deadLetters"]
    assert (letter["resolution"], letter["resolvedBy"].split(":")[0]) == ("requeued: keys rotated", "session")
    assert (await services.queue.counts("render-jobs-dlq")).depth == 0
    async with database.connection() as conn:
        noted = await list_transitions(conn, entity="command", entity_id=done.json()["automationId"])
    assert [row["to"] for row in reversed(noted)] == ["running", "done"]
