"""What a member and an operator may read over HTTP, and that nobody reads another's journey by any parameter."""

import pytest

ENGINE = "/formation-engine"
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}
UNKNOWN = "0b3f5b1e-6a0e-4e0e-8f43-53f3fdc4c0d1"


@pytest.fixture
async def walker(caller, publish, walk_graph, clock):
    """A member on the published path who has read its first section."""
    await publish(walk_graph)
    member = await caller("member", name="walker")
    enrolled = await member.post(f"{ENGINE}/enroll", json=COVENANT)
    member.enrollment_id = enrolled.json()["formationEnrollmentId"]
    for sequence in (1, 2):
        beat = {"sessionId": "tab", "nodeId": "p1-s0", "sequence": sequence}
        assert (await member.post(f"{ENGINE}/heartbeat", json=beat)).status_code == 200
        clock.later(seconds=9)
    return member


async def test_next_step_is_three_decisions_with_title_progress_and_reasons(walker, clock):
    answer = await walker.get(f"{ENGINE}/next-step")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["source"], body["notice"], body["graphVersion"]) == ("journey", None, 4)
    assert body["formationEnrollmentId"] == walker.enrollment_id
    assert len(body["steps"]) == 3
    first = body["steps"][0]
    assert (first["decision"], first["title"], first["kind"], first["phase"], first["offer"], first["contentRef"]) == (
        "p1-s1", "P1-S1", "section", "awakening", "open", "content/p1-s1",
    )  # fmt: skip
    assert first["reasons"] == [
        "prerequisites met 1 of 1", "no similar content yet", "diversity 1.00", "opens 1 further step",
    ]  # fmt: skip
    assert first["progress"] == {"phase": "awakening", "phaseDone": 1, "phaseOf": 6, "pathDone": 1, "pathOf": 30}
    assert first["correlationId"] == answer.headers["x-correlation-id"]
    assert first["timestamp"] == clock.now().isoformat().replace("+00:00", "Z")
    assert (first["rulesVersion"], len(first["inputsHash"])) == ("next-v1", 64)
    locked = body["steps"][2]
    assert (locked["offer"], locked["contentRef"]) == ("locked", None)
    assert locked["wouldOpen"] == "complete P1-S1"


async def test_a_locked_step_gives_its_title_and_never_its_content(walker):
    for path in ("next-step", "path", "state", "score", "nodes/p5-c1/access", "decisions"):
        answer = await walker.get(f"{ENGINE}/{path}")
        assert answer.status_code == 200, (path, answer.text)
        assert "The body of" not in answer.text, path
        assert "ask of you" not in answer.text, path
    nodes = (await walker.get(f"{ENGINE}/path")).json()["nodes"]
    assert {node["contentRef"] for node in nodes if node["state"] == "locked"} == {None}
    assert sum(node["contentRef"] is not None for node in nodes) == 3


async def test_path_state_score_and_access(walker):
    path = (await walker.get(f"{ENGINE}/path")).json()
    assert (len(path["nodes"]), path["watch"]) == (30, ["p1-s1", "p1-s2"])
    gated = path["nodes"][6]
    assert (gated["nodeId"], gated["state"]) == ("p2-s0", "locked")
    assert gated["lacks"][-1].startswith("score 0.0952 in awakening, threshold 0.60, 0.5048 short")
    state = (await walker.get(f"{ENGINE}/state")).json()
    assert (state["currentPhase"], list(state["sectionsCompleted"])) == ("awakening", ["p1-s0"])
    assert state["userId"] == walker.account_id
    assert (state["readinessLevel"], state["readiness"]["pace"]) == ("emerging", "appropriate")
    past = (await walker.get(f"{ENGINE}/state", params={"asOf": "2026-03-01"})).json()
    assert (past["journalVersion"], past["sectionsCompleted"], past["asOf"]) == (0, {}, "2026-03-01T23:59:59.999999Z")
    assert past["digest"] != state["digest"]
    (score,) = (await walker.get(f"{ENGINE}/score", params={"phase": "awakening"})).json()
    assert (score["decision"], score["score"], score["phase"]) == ("pass", 0.0952, "awakening")
    assert [(f["have"], f["of"], f["weightPercent"]) for f in score["factors"]] == [
        (1, 3, 20), (0, 1000, 25), (0, 2, 35), (1, 7, 10), (1, 7, 10),
    ]  # fmt: skip
    assert [each["phase"] for each in (await walker.get(f"{ENGINE}/score")).json()] == [
        "awakening", "separation", "discernment", "commission", "stewardship",
    ]  # fmt: skip
    (gate,) = (await walker.get(f"{ENGINE}/score", params={"nodeId": "p2-s0"})).json()
    assert (gate["decision"], gate["reasons"][0]) == ("fail", "score 0.0952 in awakening, threshold 0.60, 0.5048 short")
    access = (await walker.get(f"{ENGINE}/nodes/p1-s1/access")).json()
    assert (access["decision"], access["deficits"], access["wouldOpen"]) == ("granted", [], None)
    shut = (await walker.get(f"{ENGINE}/nodes/p1-c0/access")).json()
    assert (shut["decision"], shut["acts"], shut["wouldOpen"]) == ("gated", ["p1-s2"], "complete P1-S2")
    assert [each["lack"] for each in shut["deficits"]] == ["prerequisite"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nodes/made-up/access", 404, "node_not_found"),
        ("nodes/..%2Fx/access", 404, None),
        ("nodes/a%20b/access", 422, None),
        ("next-step?pathId=elsewhere", 404, "path_not_found"),
        ("next-step?pathId=a%00b", 422, None),
        ("path?pathId=elsewhere", 404, "path_not_found"),
        ("state?pathId=elsewhere", 409, "not_enrolled"),
        ("state?asOf=yesterday", 422, "bad_input"),
        ("state?asOf=2026-03-02T09:00:00", 422, "bad_input"),
        ("score?phase=healing", 422, None),
        ("score?nodeId=made-up", 404, "node_not_found"),
        ("decisions?limit=0", 422, None),
        ("decisions?enrollmentId=x", 400, "malformed"),
        (f"decisions?enrollmentId={UNKNOWN}", 404, "enrollment_not_found"),
    ],
)
async def test_bad_questions_are_problems(walker, path, status, code):
    answer = await walker.get(f"{ENGINE}/{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert code is None or answer.json()["code"] == code


async def test_whoever_has_not_entered_the_covenant_sees_a_list_and_how_to_begin(walker, caller):
    stranger = await caller("member", name="stranger")
    body = (await stranger.get(f"{ENGINE}/next-step")).json()
    assert (body["source"], body["formationEnrollmentId"], body["covenantType"]) == ("journey", None, None)
    assert [(step["offer"], step["reasons"]) for step in body["steps"]] == [("covenant", ["enter the covenant first"])]
    assert (await stranger.get(f"{ENGINE}/score")).json()["code"] == "not_enrolled"
    assert len((await stranger.get(f"{ENGINE}/decisions")).json()["decisions"]) == 1


async def test_no_parameter_reads_another_s_journey(walker, caller):
    await walker.get(f"{ENGINE}/next-step")
    spy = await caller("member", name="spy")
    secret = (walker.enrollment_id, walker.account_id)
    told = {}
    for name in ("userId", "user_id", "enrollmentId", "formationEnrollmentId", "accountId", "email", "subject"):
        for value in (*secret, "walker@example.org"):
            for path in ("next-step", "path", "state", "score", "nodes/p1-s0/access", "decisions"):
                answer = await spy.request(
                    "GET", f"{ENGINE}/{path}", params={name: value}, json={name: value},
                    headers={"X-User-Id": value, "X-Enrollment-Id": value, "X-Account-Id": value, "X-Forwarded-User": value},
                )  # fmt: skip
                if answer.status_code == 200:  # a refusal may repeat what was asked for
                    assert walker.enrollment_id not in answer.text, (name, path)
                told[path, answer.status_code] = answer.json()
    assert told["next-step", 200]["formationEnrollmentId"] is None
    assert told["nodes/p1-s0/access", 200]["decision"] == "gated"
    own = (await spy.get(f"{ENGINE}/decisions", params={"enrollmentId": walker.enrollment_id})).json()
    other = (await spy.get(f"{ENGINE}/decisions", params={"enrollmentId": UNKNOWN})).json()
    assert own["code"] == other["code"] == "enrollment_not_found"
    for path in ("", f"/{walker.enrollment_id}", f"/{walker.enrollment_id}/state", f"/{walker.enrollment_id}/events"):
        assert (await spy.get(f"{ENGINE}/enrollments{path}")).status_code == 403


async def test_one_member_sees_the_own_decisions_and_an_operator_any(walker, caller):
    await walker.get(f"{ENGINE}/next-step")
    await walker.get(f"{ENGINE}/nodes/p1-s1/access")
    mine = (await walker.get(f"{ENGINE}/decisions", params={"limit": 3})).json()
    assert mine["decisions"][0]["result"]["decision"] == "granted"
    assert {each["subject"] for each in mine["decisions"]} == {walker.enrollment_id}
    rest = (await walker.get(f"{ENGINE}/decisions", params={"before": mine["next"]})).json()
    assert ([each["result"]["decision"] for each in rest["decisions"]], rest["next"]) == (
        ["p1-s1", "granted", "granted"],
        None,
    )
    operator = await caller("operator")
    found = (await operator.get(f"{ENGINE}/decisions", params={"enrollmentId": walker.enrollment_id})).json()
    assert found["decisions"] == mine["decisions"] + rest["decisions"]
    assert (await operator.get(f"{ENGINE}/decisions")).json() == {"decisions": [], "next": None}


async def test_an_operator_finds_enrollments_states_and_journals(walker, caller):
    other = await caller("member", name="other")
    await other.post(f"{ENGINE}/enroll", json=COVENANT | {"covenantType": "resource_explorer"})
    operator = await caller("operator")

    async def listed(**params):
        answer = await operator.get(f"{ENGINE}/enrollments", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    both = await listed(pathId="ruach")
    assert {each["email"] for each in both["enrollments"]} == {"walker@example.org", "other@example.org"}
    first = await listed(limit=1)
    second = await listed(limit=1, after=first["next"])
    assert first["enrollments"] + second["enrollments"] == both["enrollments"]
    (mine,) = (await listed(email="Walker@example.org"))["enrollments"]
    assert (mine["formationEnrollmentId"], mine["covenantType"], mine["graphVersion"]) == (
        walker.enrollment_id, "formation_journey", 4,
    )  # fmt: skip
    assert (await listed(userId=walker.account_id))["enrollments"] == [mine]
    assert (await listed(email="nobody@example.org")) == {"enrollments": [], "next": None}
    assert (await listed(email="walker@example.org", userId="other"))["enrollments"] == []
    one = f"{ENGINE}/enrollments/{walker.enrollment_id}"
    assert (await operator.get(one)).json() == mine
    state = (await operator.get(f"{one}/state", params={"asOf": "2026-03-02T09:00:00Z"})).json()
    assert (state["journalVersion"], state["currentPhase"], state["sectionsCompleted"]) == (4, "awakening", {})
    events = (await operator.get(f"{one}/events", params={"limit": 2})).json()
    assert ([each["eventType"] for each in events["events"]], events["next"]) == (["enrolled", "covenant_entered"], 2)
    rest = (await operator.get(f"{one}/events", params={"after": 2})).json()
    assert [each["version"] for each in rest["events"]] == list(range(3, 3 + len(rest["events"])))
    for path, status in ((f"{ENGINE}/enrollments/{UNKNOWN}", 404), (f"{ENGINE}/enrollments/x", 400),
                         (f"{ENGINE}/enrollments/{UNKNOWN}/events", 404)):  # fmt: skip
        assert (await operator.get(path)).status_code == status
