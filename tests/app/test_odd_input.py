"""Whatever is sent, to any pillar or the desk: an answer or a problem that says what is wrong, never a 500.

Each operation of the OpenAPI document is called with a plausible request, then with each of its values replaced by odd ones,
one at a time. Depth is bounded; the point is that no value reaches the database or a rule unread.
"""

import copy
import json

import pytest

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source
from ruach_studio.assembly.store import edls, syncs
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.create_session import create_session
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.usecases.install_sample_path import install_sample_path
from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.timebase import FrameRate

PILLARS = ("/formation-engine", "/formation-dependency", "/ops", "/membership", "/decisions", "/webhooks")
ENDLESS = "/ops/events"  # a stream begins at once; what it takes is tested in test_operator_events.py
ID = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
TEXTS = ["", "a\x00b", "x" * 5000, "\ud800", "../../etc/passwd", "𝟙²", ID]
NUMBERS = [-1, 2**31, 2**63, 1.5, "NaN", float("nan"), float("-inf")]  # JSON has no such two; Python reads them
OTHERS = [None, True, [None], {"\x00": "\x00"}]
NODE, REF, CHECKPOINT = "disorientation", "sample/awakening/disorientation", "disorientation-checkpoint"
UNBLOCK = {"enrollmentId": ID, "strategy": "unblock", "nodeIds": [NODE], "voidEventIds": [ID]}
MIGRATE = {"enrollmentId": ID, "toGraphVersion": 1, "mapping": {NODE: [NODE]}}
KNOWN = {
    "params": UNBLOCK, "name": "formation.repair", "reason": "a test", "strategy": "replay", "pathId": "ruach",
    "path_id": "ruach", "nodeId": NODE, "node_id": NODE, "contentId": NODE, "checkpoint_id": CHECKPOINT,
    "content_ref": REF, "contentRef": REF, "axiom_id": "axiom-grace", "eventType": "section_viewed", "kind": "section",
    "phase": "awakening", "covenantType": "formation_journey", "timeZone": "UTC", "version": 1, "against": 1,
    "email": "a@example.org", "q": "grace", "sequence": 1, "sessionId": "tab",
}  # fmt: skip


def sample(name, schema, document, depth=0):
    """Return a plausible value for a schema."""
    schema = resolved(schema, document)
    if name in KNOWN:
        return KNOWN[name]
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    for each in schema.get("anyOf", schema.get("allOf", ())):
        if resolved(each, document).get("type") != "null":
            return sample(name, each, document, depth)
    match schema.get("type"):
        case "integer":
            return max(schema.get("minimum", 0), 1)
        case "number":
            return 0.5
        case "boolean":
            return True
        case "array":
            return [sample(name, schema["items"], document, depth + 1)] if depth < 4 and "items" in schema else []
        case "object":
            wanted = schema.get("properties", {}) if depth < 4 else {}
            return {key: sample(key, each, document, depth + 1) for key, each in wanted.items()}
    return ID if name.lower().endswith("id") else "some words"


def resolved(schema, document):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def places(value, path=()):
    """Yield the path of every value in a body, the body itself first."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def replaced(body, path, odd):
    if not path:
        return odd
    changed = copy.deepcopy(body)
    *way, last = path
    there = changed
    for key in way:
        there = there[key]
    there[last] = odd
    return changed


def requests(method, path, operation, document):
    """Yield (path, query, body) with one odd value each; the plausible one first."""
    given = operation.get("parameters", ())
    values = {each["name"]: sample(each["name"], each["schema"], document) for each in given}
    inside = {each["name"] for each in given if each["in"] == "path"}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    body = sample("", content["schema"], document) if content else None

    def made(values, body):
        filled = path
        for name in inside:
            said = str(values[name]).encode("utf-8", "replace")
            filled = filled.replace(f"{{{name}:path}}", f"{{{name}}}").replace(
                f"{{{name}}}", "".join(f"%{byte:02X}" for byte in said) or "%20"
            )
        query = {name: each for name, each in values.items() if name not in inside and each is not None}
        return filled, query, body

    yield made(values, body)
    for each in given:
        if each["in"] in ("path", "query"):
            for odd in (*TEXTS, *NUMBERS):
                yield made(values | {each["name"]: str(odd)}, body)
    for place in places(body) if content else ():
        for odd in (*TEXTS, *NUMBERS, *OTHERS):
            yield made(values, replaced(body, place, odd))


def encoded(text):
    return text.encode("utf-8", "replace").decode()


@pytest.fixture
async def published_path(services):
    """The sample path, published."""
    with bind(correlation_id=new_id()):
        return await install_sample_path(services, read_path_file(sample_file()), actor="test")


@pytest.fixture
async def document(caller):
    return (await (await caller()).get("/openapi.json")).json()


async def test_no_odd_parameter_of_a_command_is_a_500(caller, published_path):
    operator = await caller("operator")
    bad, tried = [], 0
    for name, params in (("formation.repair", UNBLOCK), ("formation.migrate", MIGRATE)):
        for place in places(params):
            for odd in (*TEXTS, *NUMBERS, *OTHERS):
                body = {"params": replaced(params, place, odd), "reason": "a test", "dryRun": True}
                answer = await operator.post(
                    f"/ops/commands/{name}", content=json.dumps(body), headers={"content-type": "application/json"}
                )
                tried += 1
                if not 400 <= answer.status_code < 500:
                    bad.append((name, str(body)[:200], answer.status_code))
    assert tried > 100
    assert not bad, "\n".join(map(str, bad))


@pytest.mark.slow
async def test_no_odd_value_is_a_500(caller, document, published_path):
    person = await caller("operator", "member")
    covenant = {"covenantType": "formation_journey", "acknowledgedTerms": True}
    assert (await person.post("/formation-engine/enroll", json=covenant)).status_code == 201
    await ask(person, document, PILLARS, at_least=2500)


@pytest.fixture
async def cut_session(services):
    """Session s1 with a computed sync and a draft EDL of two cuts."""
    rate = FrameRate.parse(25)
    files = {name: (ClipSource(f"/m/{name}.mp4", 0.0, 0.0, 9000.0, rate, 64, 36, True, 0.0),) for name in "AB"}
    sources = {name: Source(f"asset-{name}", "camera", 0.0, 0.0, 1.0, clips) for name, clips in files.items()}
    cuts = tuple(Cut(*edge, "speaker", 0.9, ("why",)) for edge in (("c1", 0, 100, "A"), ("c2", 100, 220, "B")))
    edl = CanonicalEDL("s1", "A", rate, 220, cuts, sources, "angle-v2", 1)
    with bind(correlation_id=new_id()):
        await create_session(services, actor="test", session_id="s1", title="A talk")
        async with services.database.transaction() as tx:
            given = {"at": services.clock.now()}
            await syncs.insert(
                tx, "s1", SyncSolution("A", ()), parent=None, origin="computed", actor="test", notes="", **given
            )
            await edls.insert(tx, edl, author="test", **given)


@pytest.mark.slow
@pytest.mark.parametrize("pillar", ["/sessions", "/render"])
async def test_no_odd_value_is_a_500_of_a_session_with_an_edl(caller, document, cut_session, monkeypatch, pillar):
    for name in ("session_id", "sessionId"):
        monkeypatch.setitem(KNOWN, name, "s1")
    await ask(await caller("operator"), document, (pillar,), at_least=300)


async def ask(person, document, begins, *, at_least):
    bad, tried = [], 0
    for path, operations in document["paths"].items():
        wanted = path.startswith(begins) and path != ENDLESS and not path.endswith("/progress")
        for method, operation in operations.items() if wanted else ():
            if method == "head":  # answers without a body
                continue
            for filled, query, body in requests(method, path, operation, document):
                answer = await person.request(
                    method.upper(), filled, params={key: encoded(str(each)) for key, each in query.items()},
                    content=None if body is None else json.dumps(body).encode(),
                    headers={} if body is None else {"content-type": "application/json"},
                )  # fmt: skip
                tried += 1
                problem = answer.headers.get("content-type") == "application/problem+json"
                if answer.status_code in (500, 502, 504) or (answer.status_code >= 400 and not problem):
                    bad.append((method, filled[:80], str(query)[:120], json.dumps(body)[:200], answer.status_code))
                elif answer.status_code >= 400:
                    told = answer.json()
                    assert all(told[name] for name in ("code", "detail", "correlationId")), told
    assert tried > at_least
    assert not bad, "\n".join(map(str, bad[:40])) + f"\n{len(bad)} of {tried}"
