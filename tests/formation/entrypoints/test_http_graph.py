"""Operators write paths over HTTP; nobody else does, and a refusal names every fault."""

import pytest

BASE = "/formation-dependency"
PATH = f"{BASE}/ruach"
COVENANT = {"covenantType": "formation_journey", "acknowledgedTerms": True}


def node(name, *befores, kind="section", **more):
    return {"nodeId": name, "phase": "awakening", "kind": kind, "title": name.upper(), "contentRef": f"c/{name}",
            "prerequisites": list(befores), **more}  # fmt: skip


NODES = [
    node("a", tags=["prayer"], minimumDwellSeconds=30, axioms=["axiom-grace"]),
    node("b", "a", kind="reflection", minimumWords=80),
    node("c", "b", kind="checkpoint", minimumScore=0.3333, scoreScope="awakening", passQuality=0.45, required=False),
]


@pytest.fixture
async def operator(caller):
    """A signed-in operator, a path, and a piece for each node."""
    client = await caller("operator")
    made = await client.put(PATH, json={"title": "The way", "description": "On foot"})
    assert (made.status_code, made.json()) == (200, {
        "pathId": "ruach", "title": "The way", "description": "On foot", "currentVersion": None, "draftRevision": 0,
    })  # fmt: skip
    for name in "abcd":
        put = await client.put(f"{BASE}/pieces/c/{name}", json={"title": name, "body": "words", "prompt": "and you?"})
        assert put.status_code == 200, put.text
    return client


async def test_a_graph_is_drafted_checked_published_and_read_back(operator):
    checked = await operator.post(f"{PATH}/validate", json={"nodes": NODES})
    assert checked.status_code == 200, checked.text
    assert checked.json() == {
        "pathId": "ruach", "nextVersion": 1, "ok": True, "faults": [], "order": ["a", "b", "c"], "mapping": {},
    }  # fmt: skip
    saved = await operator.put(f"{PATH}/draft", json={"revision": 0, "nodes": NODES})
    assert (saved.status_code, saved.json()["revision"]) == (200, 1)
    published = await operator.post(f"{PATH}/versions", json={"draftRevision": 1, "reason": "the first"})
    assert published.status_code == 201, published.text
    shown = (await operator.get(f"{PATH}/versions/1")).json()
    assert shown == published.json()
    assert shown["nodes"][2] == {
        "nodeId": "c", "ordinal": 3, "phase": "awakening", "kind": "checkpoint", "title": "C", "description": "",
        "contentRef": "c/c", "tags": [], "prerequisites": ["b"], "minimumScore": 0.3333, "scoreScope": "awakening",
        "minimumDwellSeconds": 0, "minimumWords": 50, "passQuality": 0.45, "required": False, "deprecated": False,
        "scope": None, "nodeType": None, "checkpointType": None, "sensitivity": None, "axioms": [],
    }  # fmt: skip
    first = shown["nodes"][0]
    assert (first["tags"], first["minimumDwellSeconds"], first["axioms"]) == (["prayer"], 30, ["axiom-grace"])
    (listed,) = (await operator.get(f"{PATH}/versions")).json()
    assert (listed["version"], listed["reason"], listed["nodeCount"], len(listed["contentHash"])) == (1, "the first", 3, 64)
    (path,) = (await operator.get(BASE)).json()
    assert (path["currentVersion"], path["draftRevision"]) == (1, 2)
    draft = (await operator.get(f"{PATH}/draft")).json()
    assert (draft["revision"], [each["nodeId"] for each in draft["nodes"]]) == (2, ["a", "b", "c"])


async def test_a_refusal_names_every_fault_as_problem_json(operator):
    broken = [node("a", "b"), node("b", "a"), node("c", "gone", minimumScore=0, scoreScope="awakening")]
    answer = await operator.put(f"{PATH}/draft", json={"revision": 0, "nodes": broken})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    problem = answer.json()
    faults = problem["details"]["faults"]
    assert problem["code"] == "graph_refused"
    assert [(each["code"], each["nodes"]) for each in faults] == [
        ("missing-prerequisite", ["c", "gone"]), ("cycle", ["a", "b", "a"]), ("gate-out-of-range", ["c"]),
    ]  # fmt: skip
    assert all(each["fact"] and each["remedy"] for each in faults)
    assert (await operator.get(f"{PATH}/draft")).json()["revision"] == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"minimumScore": 0.12345, "scoreScope": "awakening"}, "minimumScore"),
        ({"minimumScore": 1.01, "scoreScope": "awakening"}, "minimumScore"),
        ({"minimumScore": 0.5}, "nodes.0"),
        ({"phase": "commissioning"}, "phase"),
        ({"kind": "video"}, "kind"),
        ({"passQuality": 0.1234}, "passQuality"),
        ({"minimumDwellSeconds": -1}, "minimumDwellSeconds"),
        ({"nodeId": "no spaces"}, "nodeId"),
        ({"ordinal": 7}, "ordinal"),
    ],
)
async def test_a_wrong_field_is_named(operator, wrong, field):
    answer = await operator.put(f"{PATH}/draft", json={"revision": 0, "nodes": [node("a") | wrong]})
    assert answer.status_code == 422
    assert field in answer.json()["subject"]


async def test_a_second_operator_is_told_both_revisions(operator, caller):
    other = await caller("admin", name="other")
    body = {"revision": 0, "nodes": NODES}
    assert (await operator.put(f"{PATH}/draft", json=body)).status_code == 200
    late = await other.put(f"{PATH}/draft", json=body)
    assert (late.status_code, late.json()["code"]) == (409, "draft_moved")
    assert late.json()["details"] == {"yourRevision": 0, "currentRevision": 1}
    publish = {"draftRevision": 1, "reason": "why not"}
    assert (await operator.post(f"{PATH}/versions", json=publish)).status_code == 201
    again = await other.post(f"{PATH}/versions", json=publish)
    assert (again.status_code, again.json()["details"]) == (409, {"yourRevision": 1, "currentRevision": 2})


async def test_two_versions_are_compared_field_by_field(operator):
    await operator.put(f"{PATH}/draft", json={"revision": 0, "nodes": NODES})
    await operator.post(f"{PATH}/versions", json={"draftRevision": 1, "reason": "one"})
    changed = [NODES[0] | {"title": "Alpha", "deprecated": True}, NODES[1],
               NODES[2] | {"minimumScore": 0.25, "passQuality": 0.5}, node("d", "a")]  # fmt: skip
    mapping = {"renames": {"a": ["d"]}, "merges": {}}
    await operator.put(f"{PATH}/draft", json={"revision": 2, "nodes": changed, "mapping": mapping})
    assert (await operator.get(f"{PATH}/draft")).json()["mapping"] == mapping
    await operator.post(f"{PATH}/versions", json={"draftRevision": 3, "reason": "two"})
    diff = (await operator.get(f"{PATH}/versions/2/diff", params={"against": 1})).json()
    assert [(each["nodeId"], each["change"], each["fields"]) for each in diff["nodes"]] == [
        ("a", "changed", [{"field": "title", "before": "A", "after": "Alpha"},
                          {"field": "deprecated", "before": False, "after": True}]),
        ("c", "changed", [{"field": "minimumScore", "before": 0.3333, "after": 0.25},
                          {"field": "passQuality", "before": 0.45, "after": 0.5}]),
        ("d", "added", []),
    ]  # fmt: skip
    assert {each["nodeId"]: each["kinds"] for each in diff["changes"]} == {
        "a": ["deprecated"], "c": ["gate-lowered"], "d": ["added"],
    }  # fmt: skip
    newest = (await operator.get(f"{PATH}/versions")).json()[0]
    assert newest["mapping"] == {"from": 1, "nodes": {"a": {"kind": "renamed", "to": ["d"], "need": "all"}}}


async def test_the_impact_is_shown_before_publishing_and_moves_nobody(operator, caller):
    await operator.put(f"{PATH}/draft", json={"revision": 0, "nodes": NODES})
    await operator.post(f"{PATH}/versions", json={"draftRevision": 1, "reason": "one"})
    member = await caller("member")
    await member.post("/formation-engine/enroll", json=COVENANT)
    assert (await operator.get(f"{PATH}/draft/impact")).json()["nodes"] == []
    body = {"revision": 2, "nodes": [NODES[0], NODES[1] | {"prerequisites": []}, NODES[2]]}
    await operator.put(f"{PATH}/draft", json=body)
    found = (await operator.get(f"{PATH}/draft/impact")).json()
    asked = ("currentVersion", "nextVersion", "members", "byVersion", "gaining", "losing")
    assert {name: found[name] for name in asked} == {
        "currentVersion": 1, "nextVersion": 2, "members": 1, "byVersion": {"1": 1}, "gaining": 1, "losing": 0,
    }  # fmt: skip
    assert found["nodes"] == [{"nodeId": "b", "gain": 1, "lose": 0, "opened": 0}]
    assert "stays on the version of their enrollment" in found["note"]
    page = (await operator.get(f"{PATH}/draft/impact/enrollments", params={"nodeId": "b", "effect": "gain"})).json()
    assert [(each["userId"], each["gains"], each["losses"]) for each in page["enrollments"]] == [
        (member.account_id, ["b"], []),
    ]  # fmt: skip
    assert page["after"] is None
    await operator.post(f"{PATH}/versions", json={"draftRevision": 3, "reason": "two"})
    again = await member.post("/formation-engine/enroll", json=COVENANT)
    assert again.json()["graphVersion"] == 1


async def test_only_operators_write_or_read_graphs(operator, caller):
    member, nobody = await caller("member"), await caller()
    body = {"revision": 0, "nodes": NODES}
    for method, url, sent in (
        ("GET", BASE, None), ("PUT", PATH, {"title": "Mine"}), ("GET", f"{PATH}/draft", None),
        ("GET", f"{PATH}/draft/impact", None), ("GET", f"{PATH}/draft/impact/enrollments", None),
        ("PUT", f"{PATH}/draft", body), ("POST", f"{PATH}/validate", {"nodes": NODES}), ("GET", f"{PATH}/versions", None),
        ("POST", f"{PATH}/versions", {"draftRevision": 1, "reason": "x"}), ("GET", f"{PATH}/versions/1", None),
        ("GET", f"{PATH}/versions/1/diff?against=1", None), ("GET", f"{BASE}/pieces/c/a", None),
        ("PUT", f"{BASE}/pieces/c/a", {"title": "Mine"}),
    ):  # fmt: skip
        assert (await member.request(method, url, json=sent)).status_code == 403, (method, url)
        assert (await nobody.request(method, url, json=sent)).status_code == 401, (method, url)
    piece = (await operator.get(f"{BASE}/pieces/c/a")).json()
    assert (piece["title"], piece["body"], piece["prompt"]) == ("a", "words", "and you?")
    assert (await operator.get(f"{BASE}/pieces/c/zzz")).status_code == 404
    assert (await operator.get(f"{BASE}/nowhere/draft")).status_code == 404
