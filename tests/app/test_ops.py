"""The recovery commands over HTTP: listed, run with a reason, confirmed by a second person; machines confirm nothing."""

import pytest
import sqlalchemy as sa

from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import SystemClock, bind, new_id

from .conftest import PASSWORD


@pytest.fixture
async def enrollment(services, database):
    """A member on a path of two versions; s2 waits for s1."""
    now = SystemClock().now()
    nodes = (
        Node("s1", 1, "awakening", "section", "S1", "content/s1"),
        Node("s2", 2, "awakening", "section", "S2", "content/s2", prerequisites=("s1",)),
    )
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            await graphs.insert_path(tx, graphs.Path("ruach", "A path", "", None, now, "test"))
            await graphs.insert_version(
                tx, Graph(1, nodes), actor="test", at=now, reason="x", content_hash="0" * 64, mapping={}
            )
        done = await enroll_in_formation_path(services, new_id(), covenant="formation_journey", acknowledged_terms=True)
        async with database.transaction() as tx:
            await graphs.insert_version(
                tx, Graph(2, nodes[1:]), actor="test", at=now, reason="x", content_hash="0" * 64, mapping={}
            )
    return done.enrollment


@pytest.fixture
async def people(caller, database):
    """Two operators, an admin and a member, each signed in."""
    anna = await caller("operator")
    ben = await caller()
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            await create_account(tx, "ben@example.org", PASSWORD, ["operator"])
    assert (await ben.post("/auth/login", json={"email": "ben@example.org", "password": PASSWORD})).status_code == 200
    return anna, ben, await caller("admin"), await caller("member")


def repair(enrollment, strategy, *, reason="locked out", dry_run=False, **params):
    given = {"enrollmentId": enrollment.enrollment_id, "strategy": strategy, **params}
    return {"url": "/ops/commands/formation.repair", "json": {"params": given, "reason": reason, "dryRun": dry_run}}


async def test_the_list_holds_the_specifications_six_and_those_of_a_decision(people):
    listed = (await people[0].get("/ops/commands")).json()
    assert [each["name"] for each in listed] == [
        "assembly.replay", "deadLetter.discard", "event.redeliver", "formation.migrate", "formation.repair", "queue.resume",
        "render.cancelAll", "render.resume", "render.retry",
    ]  # fmt: skip
    assert all(each["whenToUse"] and each["sideEffects"] and each["parameters"]["properties"] for each in listed)
    assert [each["name"] for each in listed if each["needsSecondOperator"]] == ["formation.repair"]
    assert all(each["supportsDryRun"] for each in listed)


async def test_a_repair_over_http(people, enrollment):
    anna = people[0]
    dry = await anna.post(**repair(enrollment, "replay", dry_run=True))
    assert (dry.status_code, dry.json()["status"], dry.json()["automationId"]) == (200, "dry-run", None)
    done = (await anna.post(**repair(enrollment, "replay"))).json()
    assert (done["status"], done["result"]["journalVersion"]) == ("done", 3)
    score = (await anna.post(**repair(enrollment, "reset-score", dry_run=True))).json()
    assert {each["factor"] for each in score["result"]["factors"]} >= {"sections completed", "score"}


async def test_unblocking_takes_two_people(people, enrollment, database):
    anna, ben, *_ = people
    asked = await anna.post(**repair(enrollment, "unblock", nodeIds=["s2"]))
    assert (asked.status_code, asked.json()["status"]) == (202, "awaiting-confirmation")
    waiting = asked.json()["confirmation"]
    assert waiting["preview"]["opens"]["s2"] == ["S1 is not done"]
    alone = await anna.post(f"/ops/confirmations/{waiting['id']}/confirm")
    assert (alone.status_code, alone.json()["code"]) == (403, "second_operator_needed")
    assert [each["id"] for each in (await ben.get("/ops/confirmations?state=pending")).json()] == [waiting["id"]]
    done = await ben.post(f"/ops/confirmations/{waiting['id']}/confirm", json={"reason": "I called her"})
    assert (done.status_code, done.json()["result"]["nodeIds"]) == (200, ["s2"])
    again = await ben.post(f"/ops/confirmations/{waiting['id']}/confirm")
    assert (again.status_code, again.json()["code"]) == (409, "confirmation_not_pending")
    async with database.connection() as conn:
        assert await conn.scalar(sa.text("SELECT count(*) FROM formation.journal WHERE event_type = 'unblocked'")) == 1


async def test_a_request_is_rejected_or_taken_back(people, enrollment):
    anna, ben, *_ = people
    asked = (await anna.post(**repair(enrollment, "unblock", nodeIds=["s2"]))).json()["confirmation"]
    ended = await ben.post(f"/ops/confirmations/{asked['id']}/reject", json={"reason": "she is done now"})
    assert (ended.json()["state"], ended.json()["decisionReason"]) == ("rejected", "she is done now")
    assert (await ben.post(f"/ops/confirmations/{asked['id']}/reject", json={"reason": "x"})).status_code == 409


async def test_a_machine_may_ask_and_never_confirm(people, enrollment, caller):
    anna, ben, admin, _ = people
    token = {"name": "ci", "roles": ["operator"], "scopes": ["ops:read", "ops:write"]}
    secret = (await admin.post("/auth/service-tokens", json=token)).json()["secret"]
    machine = await caller()
    machine.headers["authorization"] = f"Bearer {secret}"
    asked = (await machine.post(**repair(enrollment, "unblock", nodeIds=["s2"]))).json()["confirmation"]
    assert asked["requestedByEmail"] == "admin@example.org"
    assert (await machine.post(f"/ops/confirmations/{asked['id']}/confirm")).status_code == 403
    assert (await admin.post(f"/ops/confirmations/{asked['id']}/confirm")).json()["code"] == "second_operator_needed"
    other = (await anna.post(**repair(enrollment, "replay"))).status_code
    assert other == 200
    assert (await machine.post(f"/ops/confirmations/{asked['id']}/confirm")).status_code == 403
    assert (await ben.post(f"/ops/confirmations/{asked['id']}/confirm")).status_code == 200


async def test_a_migration_over_http_flags_and_resolves(people, enrollment, database):
    anna = people[0]
    url = "/ops/commands/formation.migrate"
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            await tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
            await tx.execute(
                sa.text(
                    "UPDATE formation.journal SET event_type = 'section_completed', content_id = 's1', data ="
                    " jsonb_build_object('sectionId', 's1', 'phase', 'awakening', 'totalDwellTimeSeconds', 60)"
                    " WHERE version = 3"
                )
            )
    params = {"enrollmentId": enrollment.enrollment_id, "toGraphVersion": 2}
    done = (await anna.post(url, json={"params": params, "reason": "new term"})).json()
    assert done["result"]["unmappable"] == ["s1"]
    (flag,) = (await anna.get("/formation-engine/enrollments/unmappable")).json()
    assert (flag["nodeId"], flag["formationEnrollmentId"]) == ("s1", enrollment.enrollment_id)
    back = await anna.post(url, json={"params": params | {"toGraphVersion": 1}, "reason": "back"})
    assert (back.status_code, back.json()["code"]) == (409, "older_version")


@pytest.mark.parametrize(
    ("params", "reason", "status"),
    [
        ({"strategy": "replay"}, "x", 422),
        ({"enrollmentId": "7", "strategy": "replay"}, "x", 422),
        ({"enrollmentId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01", "strategy": "pray"}, "x", 422),
        ({"enrollmentId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01", "strategy": "replay", "nodeIds": ["s1"]}, "x", 422),
        ({"enrollmentId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01", "strategy": "replay"}, "", 422),
        ({"enrollmentId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01", "strategy": "replay"}, "x", 404),
    ],
)
async def test_what_cannot_be_run_is_a_problem(people, params, reason, status):
    answer = await people[0].post("/ops/commands/formation.repair", json={"params": params, "reason": reason})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text


async def test_the_other_pillars_commands_run_their_use_cases(people):
    anna = people[0]
    nothing = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
    for name, params, status, code in (
        ("render.retry", {"renderJobId": nothing}, 404, "render_job_not_found"),
        ("render.resume", {"sessionId": "none", "step": "upload"}, 409, "nothing_to_resume"),
        ("render.cancelAll", {"automationId": nothing}, 404, "automation_not_found"),
        ("assembly.replay", {"sessionId": nothing, "fromOffset": 0, "toOffset": 1000}, 404, "session_not_found"),
    ):
        answer = await anna.post(f"/ops/commands/{name}", json={"params": params, "reason": "drill"})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await anna.post("/ops/commands/render.explode", json={"params": {}, "reason": "x"})).status_code == 404


async def test_members_and_strangers_see_nothing_of_it(people, caller, enrollment):
    member = people[3]
    assert (await member.get("/ops/commands")).status_code == 403
    assert (await member.post(**repair(enrollment, "replay"))).status_code == 403
    assert (await member.get("/formation-engine/enrollments/unmappable")).status_code == 403
    assert (await (await caller()).get("/ops/confirmations")).status_code == 401
