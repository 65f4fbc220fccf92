"""The routes about formats, subjects and thumbnails: what they answer, and who may call them."""

import httpx
import pytest

from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.service_tokens import issue_service_token
from ruach_studio.infra.context import new_id
from ruach_studio.infra.http.access import list_access, routes_without_a_role
from ruach_studio.infra.http.application import new_api
from ruach_studio.infra.http.platform import Platform
from ruach_studio.render.entrypoints import http, http_presets, http_subjects, http_thumbnail

JOB = "11111111-1111-4111-8111-111111111111"
ROUTES = {
    ("GET", "/render-presets"): "render:read", ("GET", "/render-presets/{name}"): "render:read",
    ("PUT", "/render-presets/{name}"): "render:write",
    ("GET", "/render-subjects/{session_id}"): "render:read",
    ("PUT", "/render-subjects/{session_id}/{camera}"): "render:write",
    ("GET", "/render-jobs/{job_id}/thumbnail"): "render:read", ("POST", "/render-jobs/{job_id}/thumbnail"): "render:write",
}  # fmt: skip
STORY = {"width": 720, "height": 1280, "fit": "crop", "reframe": "subject", "maxLengthS": 45}


@pytest.fixture
def api(services):
    api = new_api(Platform(services.database, services.settings, services.store, services.clock))
    for module in (http_presets, http_subjects, http_thumbnail):
        api.add_routes(module.router(services))
    return api


@pytest.fixture
def client(services, api):
    api.add_routes(http.router(services))

    async def signed_in(*roles, scopes=("render:read", "render:write")):
        async with services.database.transaction() as tx:
            boss = await ensure_local_operator(tx)
            issued = await issue_service_token(tx, name=new_id(), roles=roles, scopes=scopes, created_by=boss)
        headers = {"Authorization": f"Bearer {issued.secret}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://studio.test", headers=headers)

    return signed_in


def test_every_route_asks_for_an_operator_with_the_scope(api):
    listed = {
        (each.method, each.path): {(guard.roles, guard.scope) for guard in each.guards}
        for each in list_access(api)
        if each.path.startswith("/render-")
    }
    assert listed == {route: {(frozenset({"operator"}), scope)} for route, scope in ROUTES.items()}
    assert routes_without_a_role(api) == []


async def test_members_readers_and_nobody_are_turned_away(api, client):
    paths = [(m, p.format(name="x", session_id="s", camera="A", job_id=JOB)) for m, p in ROUTES]
    async with await client("member") as member:
        assert {(await member.request(m, p, json={})).status_code for m, p in paths} == {403}
    async with await client("operator", scopes=["render:read"]) as reader:
        codes = [(await reader.request(m, p, json={})).status_code for m, p in paths if m != "GET"]
    assert codes == [403] * 3
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://studio.test") as nobody:
        assert {(await nobody.request(m, p, json={})).status_code for m, p in paths} == {401}


async def test_a_format_is_added_listed_and_rendered(client, lock, wire):
    await lock(wire)
    async with await client("operator") as operator:
        saved = await operator.put("/render-presets/story", json={"preset": STORY, "reason": "for stories"})
        assert (saved.status_code, saved.json()["version"], saved.json()["standard"]) == (200, 1, False)
        names = [each["name"] for each in (await operator.get("/render-presets")).json()]
        assert names == ["full_16_9", "short_9_16", "clip_1_1", "thumbnail", "story"]
        asked = await operator.post("/render-jobs/trigger", json={"sessionId": "talk-1", "format": "story"})
        assert asked.status_code == 202
        job = (await operator.get(f"/render-jobs/{asked.json()['jobs'][0]['renderJobId']}")).json()
        assert (job["format"], job["presetSha256"], job["chosenPicture"]) == ("story", saved.json()["sha256"], None)
        versions = (await operator.get("/render-presets/story")).json()
        assert [(v["version"], v["reason"], v["preset"]["maxLengthS"]) for v in versions] == [(1, "for stories", 45)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/render-presets/story", {"preset": {**STORY, "vf": "x"}}, 422, "bad_preset"),
        ("PUT", "/render-presets/story", {"preset": {**STORY, "name": "other"}}, 400, "malformed"),
        ("PUT", "/render-presets/clip_1_1", {"preset": STORY}, 409, "standard_preset"),
        ("PUT", "/render-presets/story", {"preset": STORY, "baseVersion": 3}, 409, "preset_moved"),
        ("GET", "/render-presets/tiktok", None, 422, "unknown_format"),
        ("POST", "/render-jobs/trigger", {"sessionId": "talk-1", "format": "tiktok"}, 422, "unknown_format"),
        ("PUT", "/render-subjects/nobody/A", {"x": 0.4}, 409, "no_locked_edl"),
        ("PUT", "/render-subjects/talk-1/A", {"x": 1.4}, 422, None),
        ("GET", f"/render-jobs/{JOB}/thumbnail", None, 404, "render_job_not_found"),
        ("POST", f"/render-jobs/{JOB}/thumbnail", {"choice": 0}, 422, None),
        ("POST", "/render-jobs/x/thumbnail", {"choice": 1}, 400, "malformed"),
    ],
)
async def test_bad_requests_are_problems(client, method, path, body, status, code):
    async with await client("operator") as operator:
        answer = await operator.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert code is None or answer.json()["code"] == code


async def test_a_subject_is_placed_and_let_go(client, lock, wire):
    await lock(wire)
    async with await client("operator") as operator:
        said = await operator.put("/render-subjects/talk-1/B", json={"x": 0.37, "reason": "left"})
        assert (said.status_code, said.json()["x"], said.json()["version"]) == (200, 0.37, 1)
        await operator.put("/render-subjects/talk-1/B", json={"x": None})
        found = (await operator.get("/render-subjects/talk-1")).json()
    assert [(each["camera"], each["x"], each["version"]) for each in found] == [("B", None, 2)]
