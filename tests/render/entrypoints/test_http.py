import asyncio
import json

import httpx
import pytest

from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.service_tokens import issue_service_token
from ruach_studio.infra.context import new_id
from ruach_studio.infra.http.access import routes_without_a_role
from ruach_studio.infra.http.application import new_api
from ruach_studio.infra.http.platform import Platform
from ruach_studio.render.entrypoints.http import router


@pytest.fixture
def api(services):
    api = new_api(Platform(services.database, services.settings, services.store, services.clock))
    api.add_routes(router(services))
    return api


@pytest.fixture
def client(services, api):
    async def signed_in(*roles, scopes=("render:read", "render:write")):
        async with services.database.transaction() as tx:
            boss = await ensure_local_operator(tx)
            issued = await issue_service_token(tx, name=new_id(), roles=roles, scopes=scopes, created_by=boss)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(api),
            base_url="http://studio.test",
            headers={"Authorization": f"Bearer {issued.secret}"},
        )

    return signed_in


async def test_render_all_answers_202_and_the_same_jobs_again(client, lock, wire):
    await lock(wire)
    async with await client("operator") as operator:
        first = await operator.post("/render-jobs/render-all/talk-1")
        assert first.status_code == 202
        batch = first.json()
        assert [job["format"] for job in batch["jobs"]] == ["full_16_9", "short_9_16", "clip_1_1", "thumbnail"]
        assert (batch["sessionId"], batch["edlVersion"]) == ("talk-1", 3)
        again = (await operator.post("/render-jobs/render-all/talk-1", json={"critical": True})).json()
        assert [job["renderJobId"] for job in again["jobs"]] == [job["renderJobId"] for job in batch["jobs"]]
        assert not any(job["created"] for job in again["jobs"])
        one = (await operator.post("/render-jobs/trigger", json={"sessionId": "talk-1", "format": "thumbnail"})).json()
        assert one["jobs"][0]["renderJobId"] == batch["jobs"][3]["renderJobId"]
        listed = (await operator.get("/render-jobs/session/talk-1")).json()
        assert {job["renderJobId"] for job in listed} == {job["renderJobId"] for job in batch["jobs"]}
        job = (await operator.get(f"/render-jobs/{batch['jobs'][0]['renderJobId']}")).json()
        assert (job["status"], job["automationId"], job["outputUrl"]) == ("queued", batch["automationId"], None)


async def test_cancel_and_retry_keep_the_automation_and_refuse_what_is_illegal(client, lock, wire):
    await lock(wire)
    async with await client("operator") as operator:
        batch = (await operator.post("/render-jobs/trigger", json={"sessionId": "talk-1", "format": "clip_1_1"})).json()
        path = f"/render-jobs/{batch['jobs'][0]['renderJobId']}"
        refused = await operator.post(f"{path}/retry", json={"reason": "why not"})
        assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
        assert (await operator.post(f"{path}/cancel")).json()["status"] == "cancelled"
        assert (await operator.post(f"{path}/cancel")).status_code == 409
        assert (await operator.post(f"{path}/retry", json={"reason": " "})).status_code in (400, 422)
        assert (await operator.post(f"{path}/retry", json={})).status_code == 422
        new = (await operator.post(f"{path}/retry", json={"reason": "cancelled by mistake"})).json()
        assert new["renderJobId"] != batch["jobs"][0]["renderJobId"]
        assert (new["automationId"], new["retryOf"]) == (batch["automationId"], batch["jobs"][0]["renderJobId"])
        other = await operator.post(f"{path}/retry", json={"reason": "again"})
        assert (other.status_code, other.json()["code"]) == (409, "already_rendering")
        assert f"job {new['renderJobId']} for the same EDL version is queued" in other.json()["detail"]


UNKNOWN = "706334c9-e8d8-41bb-b572-9c0871fcba05"  # fixed: parallel test workers compare the names of their tests


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/render-jobs/render-all/talk-1", None, 409, "no_locked_edl"),
        ("POST", "/render-jobs/render-all/talk-1", {"edlVersion": 10**30}, 409, "no_locked_edl"),
        ("POST", "/render-jobs/render-all/..%2Fx", None, 404, None),
        ("POST", "/render-jobs/render-all/a%20b", None, 422, None),
        ("POST", "/render-jobs/trigger", {"sessionId": "talk-1", "format": "gif"}, 422, None),
        ("POST", "/render-jobs/trigger", {"sessionId": "talk-1", "format": "thumbnail", "x": 1}, 422, None),
        ("GET", "/render-jobs/not-a-uuid", None, 400, "malformed"),
        ("GET", f"/render-jobs/{UNKNOWN}", None, 404, "render_job_not_found"),
        ("GET", f"/render-jobs/{UNKNOWN}/progress", None, 404, "render_job_not_found"),
        ("POST", f"/render-jobs/{UNKNOWN}/cancel", None, 404, "render_job_not_found"),
        ("POST", f"/render-jobs/{UNKNOWN}/retry", {"reason": "x"}, 404, "render_job_not_found"),
    ],
)
async def test_bad_requests_are_problems(client, method, path, body, status, code):
    async with await client("operator") as operator:
        answer = await operator.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert code is None or answer.json()["code"] == code


async def test_every_route_asks_for_an_operator(api, client):
    assert routes_without_a_role(api) == []
    routes = [("POST", "/render-jobs/render-all/s"), ("GET", "/render-jobs/session/s"), ("GET", f"/render-jobs/{new_id()}"),
              ("GET", f"/render-jobs/{new_id()}/progress"), ("POST", f"/render-jobs/{new_id()}/cancel")]  # fmt: skip
    async with await client("member") as member:
        assert [(await member.request(*route)).status_code for route in routes] == [403] * len(routes)
    async with await client("operator", scopes=["assembly:write"]) as other:
        assert [(await other.request(*route)).status_code for route in routes] == [403] * len(routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://studio.test") as nobody:
        assert [(await nobody.request(*route)).status_code for route in routes] == [401] * len(routes)


async def events(client, path, **headers):
    """Read a stream to its end as (id, event, data)."""
    found = []
    answer = await client.get(path, headers=headers, timeout=60)
    assert answer.headers["content-type"].startswith("text/event-stream")
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return found


async def test_progress_streams_to_its_end_and_goes_on_after_the_last_id(small, client, lock, wire, work):
    await lock(wire)
    async with await client("operator") as operator:
        batch = (await operator.post("/render-jobs/trigger", json={"sessionId": "talk-1", "format": "clip_1_1"})).json()
        path = f"/render-jobs/{batch['jobs'][0]['renderJobId']}/progress"
        following = asyncio.create_task(events(operator, path))
        async with work():
            seen = await following
        assert [name for _, name, _ in seen][-2:] == ["progress", "end"]
        states = [data for _, name, data in seen if name == "progress"]
        assert [s["progress"] for s in states] == sorted(s["progress"] for s in states)
        assert {"preflight", "render", "normalize", "upload"} >= {s["step"] for s in states if s["step"]} != set()
        last = states[-1]
        assert (last["status"], last["progress"], last["percent"]) == ("completed", 1.0, 100.0)
        assert last["outputUrl"].endswith(f"{batch['jobs'][0]['renderJobId']}.mp4")
        numbers = [int(seq) for seq, name, _ in seen if name == "progress"]
        assert numbers == sorted(set(numbers))
        after = await events(operator, path, **{"Last-Event-ID": str(numbers[-2])})
        assert [(seq, name) for seq, name, _ in after] == [(str(numbers[-1]), "progress"), (None, "end")]
        done = await events(operator, path, **{"Last-Event-ID": str(numbers[-1])})
        assert [name for _, name, _ in done] == ["end"]
