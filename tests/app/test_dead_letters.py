"""The dead letters over HTTP: judged by the playbook, counted now, filtered, paged; discarded only where it says so."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.app.dead_letters import playbooks
from ruach_studio.app.ops import commanding
from ruach_studio.app.pillars import consumers, hooks
from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import QUEUES, JobError
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store import dead_letters

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MOVE = sa.text("UPDATE platform.dead_letter SET created_at = :at WHERE source_id = :id")


@pytest.fixture
def bury(services, database):
    """Bury a job or event as its pillar does; return the letter's id and the job's."""
    known, minutes = hooks(services), iter(range(1000))

    async def burying(queue, name, code, *, kind="job", message="why", details=None, facts=None, at=None, **payload):
        source_id, at = new_id(), at or NOON + timedelta(minutes=next(minutes))
        error = JobError(code, message, False, "the last lines", details or {})
        hook = known.get((queue, name))
        ids = (None, new_id(), 1, None, 0, "running", 1, None, None)
        execution = Execution(source_id, queue, name, payload, *ids)
        listener = {each.name: each for each in consumers(services)}.get(queue)
        named = hook.triage(execution, error) if hook else listener.triage(error) if listener and listener.triage else None
        attempt = {
            "jobId": source_id,
            "attempt": 1,
            "error": error.to_wire(),
            "startedAt": None,
            "finishedAt": at.isoformat(),
        }
        subject = {key: payload[key] for key in hook.subject if key in payload} if hook else None
        async with database.transaction() as tx:
            await dead_letters.bury(
                tx, kind=kind, queue=queue, name=name, source_id=source_id, payload=payload, automation_id=new_id(),
                correlation_id=new_id(), error=error.to_wire(), attempts=[attempt], triage=named, subject=subject,
                facts=facts or {},
            )  # fmt: skip
            await tx.execute(MOVE, {"at": at, "id": source_id})
            letter_id = await tx.scalar(
                sa.text("SELECT id FROM platform.dead_letter WHERE source_id = :id"), {"id": source_id}
            )
        return letter_id, source_id

    return burying


@pytest.fixture
async def operator(caller):
    return await caller("operator")


async def listed(operator, **query):
    answer = await operator.get("/ops/dead-letters", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_of_the_playbooks_nine_rows_and_what_has_none(operator, bury):
    deaths = [
        ("render-jobs", "render", "lambda_timeout", 1), ("render-jobs", "render", "store_unavailable", 2),
        ("render-jobs", "render", "media_failure", 3), ("assembly-jobs", "sync", "bad_media", 1),
        ("assembly-jobs", "sync", "not_the_same_event", 2), ("assembly-jobs", "assemble", "MemoryError", 3),
        ("formation-state", "project", "duplicate_event", 1), ("formation-state", "project", "graph_version_not_found", 2),
        ("formation-state", "project", "bad_input", 3), ("media-transcoding", "derive", "bad_media", None),
        ("assembly.sessions", "render.completed", "session_state", None),
    ]  # fmt: skip
    for queue, name, code, _ in deaths:
        await bury(queue, name, code, kind="job" if "-" in queue else "event", sessionId="talk-1", enrollmentId=new_id())
    found = (await listed(operator))["deadLetters"]
    assert [(each["queue"], each["triage"]["cause"]) for each in reversed(found)] == [
        (q, cause) for q, _, _, cause in deaths
    ]
    for each in found:
        row = each["triage"]
        assert row["playbook"] == (each["dlq"] if row["cause"] else None)
        assert row["known"] == (each["error"]["code"] != "session_state")
        assert all(row[name] for name in ("title", "checkFirst", "safeToRequeue", "requeueWhen", "escalateWhen"))
    assert found[0]["triage"]["title"] == "Unknown"


async def test_filters_and_pages(operator, bury):
    for number in range(5):
        await bury("render-jobs", "render", "media_failure", sessionId=f"s{number % 2}", format="clip_1_1", edlVersion=1)
    await bury("render-jobs", "render", "ValueError", sessionId="s0", format="clip_1_1", edlVersion=1)
    await bury("render-jobs", "render", "out_of_space", sessionId="s0", format="clip_1_1", edlVersion=1)
    await bury("assembly-jobs", "sync", "bad_media", sessionId="s0")

    async def count(**query):
        return len((await listed(operator, **query))["deadLetters"])

    assert [await count(queue=name) for name in ("render-jobs", "render-jobs-dlq", "assembly-jobs-dlq", "x")] == [7, 7, 1, 0]
    assert [await count(cause=each) for each in ("1", "2", "3", "ours", "unknown")] == [1, 0, 5, 1, 1]
    assert await count(sessionId="s0") == 6
    assert [await count(state=each) for each in ("open", "resolved", "all")] == [8, 0, 8]
    seen, before = [], None
    for size in (3, 3, 2):
        page = await listed(operator, limit=3, **({"before": before} if before else {}))
        assert len(page["deadLetters"]) == size
        seen += [each["diedAt"] for each in page["deadLetters"]]
        before = page["nextBefore"]
    assert before is None
    assert seen == sorted(seen, reverse=True)
    missing = await operator.get("/ops/dead-letters", params={"before": new_id()})
    assert (missing.status_code, missing.json()["code"]) == (404, "dead_letter_not_found")
    assert (await operator.get("/ops/dead-letters", params={"cause": "7"})).status_code == 422


async def test_the_counters_are_of_now_and_say_why_to_escalate(operator, bury, database):
    given = {"sessionId": "talk-1", "edlVersion": 1}
    first, _ = await bury("render-jobs", "render", "lambda_timeout", format="clip_1_1", **given)
    await bury("render-jobs", "render", "lambda_timeout", format="thumbnail", **given)
    await bury("render-jobs", "render", "lambda_timeout", format="clip_1_1", sessionId="talk-2", edlVersion=1)
    letter = (await operator.get(f"/ops/dead-letters/{first}")).json()
    assert (letter["escalate"], letter["counters"][0]["value"]) == (False, 2)
    async with database.transaction() as tx:  # a resolved timeout is a timeout all the same
        await tx.execute(sa.text("UPDATE platform.dead_letter SET resolved_at = now(), resolved_by = 'x', resolution = 'x'"))
    await bury("render-jobs", "render", "lambda_timeout", format="full_16_9", **given)
    letter = (await operator.get(f"/ops/dead-letters/{first}")).json()
    assert letter["escalateBecause"] == ["timeouts on the same session: 3 of 3 dead jobs: likely a media format issue"]
    (still_open,) = (await listed(operator))["deadLetters"]
    assert still_open["escalate"]


async def test_one_letter_whole_with_its_attempts_and_the_way_back(operator, bury):
    letter_id, job_id = await bury(
        "render-jobs", "render", "store_refused", details={"httpStatus": 403}, sessionId="talk-1", format="clip_1_1",
        edlVersion=1,
    )  # fmt: skip
    letter = (await operator.get(f"/ops/dead-letters/{letter_id}")).json()
    assert letter["attempts"][0]["error"]["traceback"] == "the last lines"
    assert (letter["sourceId"], letter["payload"]["format"], letter["sessionId"]) == (job_id, "clip_1_1", "talk-1")
    assert letter["escalateBecause"] == ["credentials refused: 1 of 1 401 or 403: credential rotation needed"]
    assert [(each["command"], each["line"]) for each in letter["waysBack"]] == [
        ("render.resume", 'ruach ops render resume talk-1 upload "REASON"'),
        ("render.retry", f'ruach ops render retry {job_id} "REASON"'),
    ]
    assert (await operator.get(f"/ops/dead-letters/{new_id()}")).status_code == 404
    assert (await operator.get("/ops/dead-letters/7")).status_code == 422


async def test_only_what_the_playbook_says_is_discarded_and_it_is_audited(operator, bury, database):
    kept, _ = await bury("formation-state", "project", "bad_input", enrollmentId=new_id())
    duplicate, _ = await bury("formation-state", "project", "duplicate_event", enrollmentId=new_id())

    async def discard(letter_id, reason="it is there", **more):
        return await operator.post(f"/ops/dead-letters/{letter_id}/discard", json={"reason": reason, **more})

    refused = await discard(kept)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_discardable")
    assert "reset-score" in refused.json()["remedy"]
    assert (await discard(duplicate, " ")).status_code == 422
    assert (await discard(duplicate, dryRun=True)).json()["status"] == "dry-run"
    assert len((await listed(operator))["deadLetters"]) == 2
    done = await discard(duplicate)
    assert done.json()["result"]["deadLetterId"] == duplicate, done.text
    again = await discard(duplicate)
    assert (again.status_code, again.json()["code"]) == (409, "dead_letter_closed")
    (resolved,) = (await listed(operator, state="resolved"))["deadLetters"]
    assert resolved["resolution"] == "discarded: it is there"
    async with database.connection() as conn:
        (noted,) = await list_transitions(conn, entity="dead-letter", entity_id=duplicate)
    assert (noted["to"], noted["reason"]) == ("discarded", "it is there")
    assert noted["actor"].startswith("session:")


async def test_a_parked_event_goes_back_to_its_consumer(operator, services, database):
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            await tx.execute(
                sa.text(
                    "INSERT INTO platform.outbox (event_id, event_type, version, correlation_id, payload)"
                    " VALUES (:id, 'render.completed', 1, :correlation, '{\"sessionId\": \"talk-1\"}')"
                ),
                {"id": (event_id := new_id()), "correlation": new_id()},
            )
            await dead_letters.bury(
                tx, kind="event", queue="assembly.sessions", name="render.completed", source_id=event_id,
                payload={"sessionId": "talk-1"}, automation_id=None, correlation_id=new_id(),
                error=JobError("session_state", "why", False).to_wire(), attempts=[],
            )  # fmt: skip
    (letter,) = (await listed(operator, sessionId="talk-1", queue="assembly.sessions"))["deadLetters"]
    whole = (await operator.get(f"/ops/dead-letters/{letter['deadLetterId']}")).json()
    assert whole["waysBack"][0]["line"] == f'ruach ops dlq redeliver assembly.sessions {event_id} "REASON"'
    run = {"params": {"consumer": "assembly.sessions", "eventId": event_id}, "reason": "mended"}
    for dry, pending in ((True, 0), (False, 1)):
        done = await operator.post("/ops/commands/event.redeliver", json={**run, "dryRun": dry})
        assert done.status_code == 200, done.text
        async with database.connection() as conn:
            assert await conn.scalar(sa.text("SELECT count(*) FROM platform.delivery")) == pending
    assert (await operator.post("/ops/commands/event.redeliver", json={**run, "dryRun": True})).status_code == 404


def test_every_queue_and_every_consumer_has_a_playbook(services):
    named = {policy.name for policy in QUEUES} | {each.name for each in consumers(services)}
    assert set(playbooks(services)) == named


async def test_a_way_back_that_is_a_command_names_parameters_which_that_command_takes(operator, bury, services):
    """The operations page opens the command with them; the registry is the judge."""
    registry, member = commanding(services).registry, new_id()
    for queue, name, code, kind in (
        ("render-jobs", "render", "lambda_timeout", "job"), ("render-jobs", "render", "store_unavailable", "job"),
        ("formation-state", "project", "duplicate_event", "job"), ("formation-state", "assess", "bad_input", "job"),
        ("formation-state", "project", "graph_version_not_found", "job"),
        ("assembly.sessions", "render.completed", "session_state", "event"),
    ):  # fmt: skip
        await bury(queue, name, code, kind=kind, sessionId="talk-1", enrollmentId=member)
    told = []
    for each in reversed((await listed(operator))["deadLetters"]):
        ways = (await operator.get(f"/ops/dead-letters/{each['deadLetterId']}")).json()["waysBack"]
        told.append([way["command"] for way in ways if registry.named(way["command"]).parsed(way["params"])])
        for value in (value for way in ways for value in way["params"].values()):
            assert any(value in way["line"] for way in ways), "the line for a shell says the same"
    assert told == [
        ["render.retry"], ["render.resume", "render.retry"], ["deadLetter.discard"], ["formation.repair"],
        ["formation.repair"], ["event.redeliver"],
    ]  # fmt: skip
