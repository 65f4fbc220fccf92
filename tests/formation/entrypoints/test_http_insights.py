"""Axioms, readiness, privileges and insights over HTTP: each for the session's own account, whatever the parameters say."""

import pytest
import sqlalchemy as sa

from ruach_studio.formation.store import enrollments
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.context import bind, new_id

ENGINE = "/formation-engine"
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}
NAMES = ("userId", "user_id", "accountId", "authorId", "enrollmentId", "formationEnrollmentId")


@pytest.fixture
def enrolled(caller, publish, walk_graph, services, clock):
    """Return a maker of enrolled members; `checkpoints` passed ones, `mature` has all that it takes to validate."""
    state = {}

    async def make(name, *roles, checkpoints=0, mature=False):
        if not state:
            state["graph"] = await publish(walk_graph)
        client = await caller(*(roles or ("member",)), name=name)
        assert (await client.post(f"{ENGINE}/enroll", json=COVENANT)).status_code == 201
        async with services.database.connection() as conn:
            enrollment = await enrollments.of_user(conn, client.account_id, "ruach")
        with bind(correlation_id=new_id()):
            async with services.database.transaction() as tx:
                for event_type, content, data in facts(checkpoints, mature):
                    await write_fact(services, tx, enrollment, event_type, content, data, at=clock.now())
        return client

    return make


def facts(checkpoints, mature):
    for n in range(checkpoints):
        yield "checkpoint_completed", f"c{n}", {
            "checkpointId": f"c{n}", "sectionId": "s", "phase": "awakening", "reflectionId": f"x{n}", "timeSinceReached": 1,
            "passed": True, "score": 0.5,
        }  # fmt: skip
    for n in range(5 if mature else 0):
        yield "reflection_submitted", f"n{n}", {
            "reflectionId": f"r{n}", "checkpointId": f"n{n}", "type": "text", "wordCount": 90,
            "timeSinceCheckpointReached": 0,
        }  # fmt: skip
        yield "reflection_analyzed", f"r{n}", {
            "reflectionId": f"r{n}", "depthScore": 0.5, "isRegurgitation": False, "showsWrestling": True,
            "doctrinalSoundness": "sound", "recommendedAction": "thread",
        }  # fmt: skip
    if mature:
        yield "phase_started", "discernment", {"phase": "discernment"}


async def published(author, operator, text="I saw it."):
    made = await author.post(f"{ENGINE}/insights", json={"text": text})
    assert made.status_code == 201, made.text
    insight_id = made.json()["insightId"]
    for decision in ("approve", "publish"):
        done = await operator.post(f"{ENGINE}/insights/{insight_id}/decision", json={"decision": decision, "reason": "good"})
        assert done.status_code == 200, done.text
    return insight_id


async def test_an_insight_from_its_author_to_its_readers(enrolled, caller):
    author, reader, operator = (
        await enrolled("author", checkpoints=1),
        await enrolled("reader", mature=True),
        await caller("operator"),
    )
    made = await author.post(f"{ENGINE}/insights", json={"text": "I saw it."})
    assert (made.status_code, made.json()["state"], made.json()["mine"]) == (201, "submitted", True)
    assert (await author.post(f"{ENGINE}/insights", json={"text": "I saw it."})).status_code == 200
    (waiting,) = (await operator.get(f"{ENGINE}/insights/review")).json()
    assert (waiting["text"], waiting["authorId"]) == ("I saw it.", author.account_id)
    insight_id = await published(author, operator, "Another.")
    voted = await reader.post(f"{ENGINE}/insights/{insight_id}/votes", json={"vote": "profound"})
    assert voted.json()["votes"] == {"helpful": 0, "profound": 1, "needsWork": 0, "score": 2, "own": "profound"}
    (shown,) = (await reader.get(f"{ENGINE}/insights")).json()
    assert author.account_id not in str(shown)
    assert (shown["state"], shown["reason"], shown["reflectionId"], shown["submittedAt"]) == (None,) * 4
    mine = {each["insightId"]: each for each in (await author.get(f"{ENGINE}/insights/mine")).json()}
    assert (mine[insight_id]["state"], mine[insight_id]["reason"], mine[insight_id]["votes"]["own"]) == (
        "published",
        "good",
        None,
    )
    assert (await reader.delete(f"{ENGINE}/insights/{insight_id}/votes")).status_code == 204
    assert (await author.delete(f"{ENGINE}/insights/{insight_id}")).status_code == 204
    assert (await reader.get(f"{ENGINE}/insights/{insight_id}")).status_code == 404


async def test_no_parameter_shows_anothers_unpublished_insight(enrolled):
    author, other = await enrolled("author", checkpoints=1), await enrolled("other", mature=True, checkpoints=1)
    insight_id = (await author.post(f"{ENGINE}/insights", json={"text": "my secret"})).json()["insightId"]
    claims = dict.fromkeys(NAMES, author.account_id)
    paths = [f"{ENGINE}/insights", f"{ENGINE}/insights/mine", f"{ENGINE}/insights/{insight_id}", f"{ENGINE}/readiness"]
    for path in (*paths, f"{ENGINE}/privileges", f"{ENGINE}/axioms"):
        for query in (None, claims, {"state": "submitted"}, {"after": insight_id}, {"mine": "true"}):
            answer = await other.get(path, params=query, headers={"X-User-Id": author.account_id})
            assert "my secret" not in answer.text
            assert answer.status_code == (404 if insight_id in path else 200), (path, query, answer.text)
    for method, path, body in (
        ("POST", f"{ENGINE}/insights/{insight_id}/votes", {"vote": "helpful"}),
        ("DELETE", f"{ENGINE}/insights/{insight_id}", None),
        ("DELETE", f"{ENGINE}/insights/{insight_id}/votes", None),
    ):  # fmt: skip
        answer = await other.request(method, path, json=body, params=claims)
        assert answer.status_code == 404, answer.text
    for name in NAMES:
        answer = await other.post(f"{ENGINE}/insights", json={"text": "forged", name: author.account_id})
        assert answer.status_code == 422
    assert [each["text"] for each in (await author.get(f"{ENGINE}/insights/mine")).json()] == ["my secret"]


async def test_readiness_and_privileges_are_ones_own(enrolled):
    mature, fresh = await enrolled("mature", checkpoints=1, mature=True), await enrolled("fresh")
    may = (await mature.get(f"{ENGINE}/privileges")).json()
    assert (may["canSubmitInsights"], may["canValidateInsights"]) == (True, True)
    claims = dict.fromkeys(NAMES, mature.account_id)
    other = (await fresh.get(f"{ENGINE}/privileges", params=claims)).json()
    assert (other["canSubmitInsights"], other["canValidateInsights"]) == (False, False)
    assert other["validateInsights"]["reasons"] == ["phase awakening (1 of 5), discernment (3) needed", "0 of 5 reflections"]
    ready = (await mature.get(f"{ENGINE}/readiness")).json()
    assert (ready["reflectionDepth"]["decision"], ready["level"]["rulesVersion"]) == ("maturing", "readiness-v1")
    plain = (await fresh.get(f"{ENGINE}/readiness", params=claims)).json()
    assert plain["reflectionDepth"]["reasons"] == ["mean quality 0 of 1000 over the last 0 of 0 prompts"]
    assert plain["formationEnrollmentId"] != ready["formationEnrollmentId"]


async def test_axioms_are_listed_without_their_text_and_read_when_open(enrolled):
    member = await enrolled("member")
    listed = (await member.get(f"{ENGINE}/axioms")).json()
    assert [(each["axiomId"], each["state"]) for each in listed] == [
        ("axiom-scripture", "open"), ("axiom-trinity", "open"), ("axiom-grace", "open"), ("axiom-lordship", "locked"),
        ("axiom-warfare", "locked"),
    ]  # fmt: skip
    assert "definition" not in str(listed)
    assert listed[4]["reasons"] == ["it opens with discernment; you are in awakening"]
    read = (await member.get(f"{ENGINE}/axioms/axiom-grace")).json()
    assert (read["recorded"], "empty hands" in read["definition"]) == (True, True)
    assert (await member.get(f"{ENGINE}/axioms/axiom-grace")).json()["recorded"] is False
    shut = await member.get(f"{ENGINE}/axioms/axiom-warfare")
    assert (shut.status_code, shut.json()["code"]) == (403, "gated")
    assert "enslaves" not in shut.text
    assert (await member.get(f"{ENGINE}/axioms/axiom-none")).status_code == 404


async def test_the_canon_is_written_by_operators_only(enrolled, caller):
    member, operator = await enrolled("member"), await caller("operator")
    body = {
        "number": 6, "title": "Hope", "definition": "What is not seen yet.", "canonLevel": "Core", "tier": 2,
        "category": "Salvation", "sensitivity": "Low", "unlockPhase": "awakening", "reason": "it was missing",
    }  # fmt: skip
    path = "/formation-dependency/axioms/axiom-hope"
    assert (await member.put(path, json=body)).status_code == 403
    assert (await member.get("/formation-dependency/axioms")).status_code == 403
    assert (await operator.put(path, json=body)).status_code == 201
    assert (await operator.put(path, json=body | {"tier": 1})).status_code == 200
    refused = await operator.put(path, json=body | {"number": 1})
    assert (refused.status_code, refused.json()["subject"]) == (422, "number")
    assert (await operator.put(path, json=body | {"reason": ""})).status_code == 422
    assert len((await operator.get("/formation-dependency/axioms")).json()) == 6


async def test_a_graph_is_checked_against_the_canon_and_the_scopes(caller):
    operator = await caller("operator")
    path = "/formation-dependency/ruach"
    await operator.put(path, json={"title": "The way", "description": "On foot"})
    base = {"phase": "awakening", "kind": "section", "title": "A", "contentRef": "c/a"}
    nodes = [
        base | {"nodeId": "a", "axioms": ["axiom-none"], "checkpointType": "Quiz"},
        base | {"nodeId": "b", "axioms": ["axiom-grace", "axiom-trinity"], "nodeType": "Warfare", "scope": "Ecclesia"},
        base | {"nodeId": "c", "scope": "Individual", "prerequisites": ["d"]}, base | {"nodeId": "d", "scope": "Ecclesia"},
        base | {"nodeId": "e", "scope": "Individual", "prerequisites": ["b"]},
    ]  # fmt: skip
    told = (await operator.post(f"{path}/validate", json={"nodes": nodes})).json()
    found = [(each["code"], each["nodes"]) for each in told["faults"] if each["code"] != "missing-piece"]
    assert found == [
        ("unknown-guidebook-word", ["a"]), ("unreachable-scope", ["b", "c"]), ("unreachable-scope", ["d", "e"]),
        ("unknown-axiom", ["a"]),
    ]  # fmt: skip
    saved = await operator.put(f"{path}/draft", json={"revision": 0, "nodes": nodes})
    assert (saved.status_code, saved.json()["code"]) == (422, "graph_refused")


@pytest.mark.parametrize(("method", "path"), [
    ("GET", f"{ENGINE}/insights/review"), ("POST", f"{ENGINE}/insights/f3d2c1b0-1111-4222-8333-444455556666/decision"),
])  # fmt: skip
async def test_what_operators_do_is_theirs(enrolled, method, path):
    member = await enrolled("member", checkpoints=1, mature=True)
    answer = await member.request(method, path, json={"decision": "approve", "reason": "x"} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_nobody_gets_nothing(caller, database):
    nobody = await caller()
    insight = f"{ENGINE}/insights/f3d2c1b0-1111-4222-8333-444455556666"
    for method, path in (
        ("GET", f"{ENGINE}/axioms"), ("GET", f"{ENGINE}/axioms/axiom-grace"), ("GET", f"{ENGINE}/readiness"),
        ("GET", f"{ENGINE}/privileges"), ("GET", f"{ENGINE}/insights"), ("POST", f"{ENGINE}/insights"),
        ("GET", f"{ENGINE}/insights/mine"), ("GET", insight), ("DELETE", insight), ("POST", f"{insight}/votes"),
        ("DELETE", f"{insight}/votes"), ("GET", f"{ENGINE}/insights/not-an-id"),
    ):  # fmt: skip
        assert (await nobody.request(method, path)).status_code == 401, path


async def test_who_is_not_enrolled_is_told_so(caller):
    member = await caller("member")
    for path in ("axioms", "axioms/axiom-grace", "readiness", "privileges"):
        answer = await member.get(f"{ENGINE}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_enrolled"), path
    assert (await member.get(f"{ENGINE}/insights")).json() == []
    assert (await member.post(f"{ENGINE}/insights", json={"text": "x"})).status_code == 409


async def test_a_refused_request_changes_nothing(enrolled, caller, database):
    author, operator = await enrolled("author", checkpoints=1), await caller("operator")
    insight_id = await published(author, operator)
    newcomer = await enrolled("newcomer")

    async def counts():
        async with database.connection() as conn:
            tables = ("formation.insight", "formation.insight_vote", "platform.transition_audit", "platform.decision_audit")
            return [await conn.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in tables]  # noqa: S608

    before = await counts()
    for method, path, body, status in (
        ("POST", f"{ENGINE}/insights", {"text": "mine"}, 403), ("POST", f"{ENGINE}/insights", {}, 422),
        ("POST", f"{ENGINE}/insights/{insight_id}/votes", {"vote": "helpful"}, 403),
        ("POST", f"{ENGINE}/insights/{insight_id}/votes", {"vote": "great"}, 422),
        ("DELETE", f"{ENGINE}/insights/{insight_id}", None, 404), ("GET", f"{ENGINE}/insights/not-an-id", None, 400),
        ("POST", f"{ENGINE}/insights", {"reflectionId": "not-an-id"}, 400),
    ):  # fmt: skip
        answer = await newcomer.request(method, path, json=body)
        assert answer.status_code == status, (path, answer.text)
    again = await operator.post(f"{ENGINE}/insights/{insight_id}/decision", json={"decision": "publish", "reason": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")
    assert await counts() == before
