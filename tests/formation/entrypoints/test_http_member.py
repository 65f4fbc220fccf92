"""What a member's client may write, and that no parameter writes it for somebody else."""

import sqlalchemy as sa

COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}
ENGINE = "/formation-engine"


async def journal_of(database):
    async with database.connection() as conn:
        rows = await conn.execute(sa.text("SELECT user_id, event_type, content_id FROM formation.journal ORDER BY pos"))
        return [tuple(row) for row in rows]


async def test_a_member_walks_by_http(caller, publish, walk_graph, clock):
    await publish(walk_graph)
    member = await caller("member")
    first = await member.post(f"{ENGINE}/enroll", json=COVENANT | {"timeZone": "Europe/Paris"})
    assert first.status_code == 201, first.text
    assert first.json()["graphVersion"] == walk_graph.version
    again = await member.post(f"{ENGINE}/enroll", json=COVENANT)
    assert (again.status_code, again.json()["created"]) == (200, False)
    assert again.json()["formationEnrollmentId"] == first.json()["formationEnrollmentId"]
    beat = {"sessionId": "tab", "nodeId": "p1-s0", "sequence": 1}
    assert (await member.post(f"{ENGINE}/heartbeat", json=beat)).json()["decision"] == "opened"
    clock.later(seconds=9)
    counted = (await member.post(f"{ENGINE}/heartbeat", json=beat | {"sequence": 2})).json()
    assert (counted["creditedSeconds"], counted["completed"]) == (9, True)
    answer = await member.post(f"{ENGINE}/checkpoints/p1-c0/attempts", json={"text": "too short"})
    assert answer.status_code == 403
    problem = answer.json()
    assert (problem["code"], answer.headers["content-type"]) == ("gated", "application/problem+json")
    assert "P1-S2" in answer.text
    viewed = await member.post(f"{ENGINE}/events", json={"eventType": "section_viewed", "contentId": "p1-s1"})
    assert (viewed.status_code, viewed.json()["recorded"]) == (202, True)
    assert viewed.headers["x-correlation-id"]


async def test_no_parameter_writes_for_another(caller, publish, walk_graph, database):
    await publish(walk_graph)
    victim, forger = await caller("member", name="victim"), await caller("member", name="forger")
    for each in (victim, forger):
        assert (await each.post(f"{ENGINE}/enroll", json=COVENANT)).status_code == 201
    before = [row for row in await journal_of(database) if row[0] == victim.account_id]
    event = {"eventType": "section_viewed", "contentId": "p1-s0"}
    for name in ("userId", "user_id", "enrollmentId", "formationEnrollmentId", "accountId", "timestamp", "occurredAt"):
        answer = await forger.post(f"{ENGINE}/events", json=event | {name: victim.account_id})
        assert answer.status_code == 422, (name, answer.text)
        answer = await forger.post(
            f"{ENGINE}/events", params={name: victim.account_id}, headers={"X-User-Id": victim.account_id},
            json={"eventType": "section_viewed", "contentId": "p1-s0", "data": {name: victim.account_id}},
        )  # fmt: skip
        assert answer.status_code == 422
    await forger.post(f"{ENGINE}/events", params={"userId": victim.account_id}, json=event)
    assert [row for row in await journal_of(database) if row[0] == victim.account_id] == before
    assert (forger.account_id, "section_viewed", "p1-s0") in await journal_of(database)


async def test_another_members_reflection_is_neither_shown_nor_erased(caller, publish, walk_graph, database):
    await publish(walk_graph)
    owner, other = await caller("member", name="owner"), await caller("member", name="other")
    await owner.post(f"{ENGINE}/enroll", json=COVENANT)
    async with database.transaction() as tx:
        await tx.execute(
            sa.text(
                "INSERT INTO formation.reflection (reflection_id, enrollment_id, user_id, node_id, type, text, text_sha256,"
                " word_count, submitted_at) SELECT 'a2c60ba5-93d2-4f8a-8f1b-b8f3a5d5b8ff', enrollment_id, user_id, 'p1-r',"
                " 'text', 'my secret', 'x', 2, now() FROM formation.enrollment"
            )
        )
    assert [each["text"] for each in (await owner.get(f"{ENGINE}/reflections")).json()] == ["my secret"]
    assert (await other.get(f"{ENGINE}/reflections")).json() == []
    path = f"{ENGINE}/reflections/a2c60ba5-93d2-4f8a-8f1b-b8f3a5d5b8ff"
    assert (await other.delete(path)).status_code == 404
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.delete(path)).status_code == 404
    assert (await owner.delete(f"{ENGINE}/reflections/not-an-id")).status_code == 400


async def test_a_claim_is_worth_nothing(caller, publish, walk_graph):
    await publish(walk_graph)
    member = await caller("member")
    assert (
        await member.post(f"{ENGINE}/events", json={"eventType": "section_viewed", "contentId": "p1-s0"})
    ).status_code == 409
    await member.post(f"{ENGINE}/enroll", json=COVENANT)
    for body, status, code in (
        ({"eventType": "checkpoint_completed", "contentId": "p1-c0", "data": {"passed": True}}, 403, "event_not_yours"),
        ({"eventType": "content_unlocked", "contentId": "p5-s0"}, 403, "event_not_yours"),
        ({"eventType": "enrolled", "contentId": "ruach"}, 422, "bad_input"),
        ({"eventType": "section_viewed", "contentId": "p1-s0", "data": {"dwellTimeSeconds": 99999}}, 422, "bad_input"),
        ({"eventType": "section_completed", "contentId": "p5-s0"}, 403, "gated"),
        ({"eventType": "section_viewed", "contentId": "p9"}, 404, "node_not_found"),
    ):  # fmt: skip
        answer = await member.post(f"{ENGINE}/events", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_terms_are_acknowledged_or_nothing_happens(caller, publish, walk_graph):
    await publish(walk_graph)
    member = await caller("member")
    answer = await member.post(f"{ENGINE}/enroll", json=COVENANT | {"acknowledgedTerms": False})
    assert (answer.status_code, answer.json()["code"]) == (422, "terms_not_acknowledged")
    assert (await member.post(f"{ENGINE}/enroll", json=COVENANT | {"pathId": "nowhere"})).status_code == 404
