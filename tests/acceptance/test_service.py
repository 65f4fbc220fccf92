"""An operator's whole day through the running service: real process, real HTTP, real kill -9 in the middle of a render."""

import json

import httpx
import pytest

from ruach_studio.testing.service import OPERATOR, Service, wait
from ruach_studio.testing.talk import Talk

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("service"), pytest.mark.timeout(420)]


def stream(client: httpx.Client, job_id: str, after: str = "0", until=lambda state: False) -> list[dict]:
    """Read a job's event stream to its end, or until `until` says so; every event carries an id."""
    seen, event = [], {}
    with client.stream("GET", f"/render-jobs/{job_id}/progress", headers={"Last-Event-ID": after}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith(("id:", "event:", "data:")):
                name, _, value = line.partition(":")
                event[name] = value.strip()
            elif not line and event:
                if event.get("event") == "end":
                    return seen
                seen.append({**json.loads(event["data"]), "id": event["id"]})
                event = {}
                if until(seen[-1]):
                    return seen
    raise AssertionError(f"the stream broke off after {seen[-1:]}")


def test_footage_to_published_through_the_api_with_a_kill_in_between(service: Service, talk: Talk) -> None:
    client = service.sign_in(OPERATOR)
    session = client.post("/sessions", json={"title": "Talk"}).json()["sessionId"]
    home = f"/sessions/{session}"
    for camera in talk.cameras:
        body = {"cameraId": camera.camera_id, "role": camera.role, "paths": [str(p) for p in talk.files[camera.camera_id]]}
        assert client.post(f"{home}/assets", json=body).status_code == 201
    outside = client.post(f"{home}/assets", json={"cameraId": "X", "paths": ["/etc/passwd"]})
    assert outside.status_code == 403

    def state() -> str:
        return client.get(home).json()["state"]

    assert client.post(f"{home}/sync").status_code == 202
    wait(lambda: state() == "needs-review", 60, "no sync")
    sync = client.get(f"{home}/sync").json()
    found = {each["cameraId"]: each for each in sync["placements"]}
    for camera in talk.cameras:
        assert found[camera.camera_id]["offsetMs"] == pytest.approx(camera.offset_s * 1000, abs=2)
    assert client.post(f"{home}/sync/approve", json={"version": sync["version"]}).status_code == 200

    asked = client.post(f"{home}/assemble")
    assert asked.status_code == 202
    wait(lambda: client.get(f"{home}/edl").status_code == 200, 60, "no EDL")
    again = client.post(f"{home}/assemble")
    assert again.status_code == 200, "the same sync version gives the same draft"

    edl = client.get(f"{home}/edl").json()["edl"]
    first = edl["tracks"]["program"][0]
    edit = {"baseVersion": 1, "edits": [{"op": "reAngle", "cutId": first["id"], "camera": "C"}]}
    edited = client.post(f"{home}/edl/edits", json=edit)
    assert edited.status_code == 200, edited.text
    assert edited.json()["edl"]["tracks"]["program"][0]["camera"] == "C"
    assert client.post(f"{home}/edl/edits", json=edit).status_code == 409, "somebody else's version is not overwritten"
    assert client.post(f"{home}/edl/lock", json={"version": 2}).status_code == 409, "only an approved EDL locks"
    assert client.post(f"/render-jobs/render-all/{session}").status_code == 409, "only a locked EDL renders"
    for step in ("submit", "approve", "lock"):
        assert client.post(f"{home}/edl/{step}", json={"version": 2}).status_code == 200

    batch = wait(
        lambda: (a := client.post(f"/render-jobs/render-all/{session}")).status_code == 202 and a, 20, "no batch"
    ).json()
    jobs = {each["format"]: each["renderJobId"] for each in batch["jobs"]}
    assert len(jobs) == 4
    assert {each["automationId"] for each in batch["jobs"]} == {batch["automationId"]}
    same = client.post(f"/render-jobs/render-all/{session}").json()
    assert {each["renderJobId"]: each["created"] for each in same["jobs"]} == dict.fromkeys(jobs.values(), False)

    before = stream(client, jobs["full_16_9"], until=lambda s: s["step"] == "render" and s["progress"] > 0.1)
    service.kill()
    service.start()
    client = service.sign_in(OPERATOR)
    after = stream(client, jobs["full_16_9"], after=before[-1]["id"])
    percents = [each["percent"] for each in after]
    assert after[-1]["status"] == "completed", after[-1]
    assert percents[-1] == 100
    assert [int(each["id"]) for each in after] == sorted(int(each["id"]) for each in after)
    for name, job in jobs.items():
        done = stream(client, job)[-1]
        assert done["status"] == "completed", f"{name}: {done}"
        assert done["retriedAs"] is None, "a crash goes on under the same id"
        shown = client.get(f"/render-jobs/{job}").json()["artifact"]
        film = client.get(shown["url"])
        assert film.status_code == 200
        assert len(film.content) == shown["sizeBytes"]
        assert client.get(shown["url"], headers={"Range": "bytes=0-99"}).status_code == 206
        if name != "thumbnail":
            assert shown["loudnessLufs"] == pytest.approx(-14, abs=0.5)
            assert shown["truePeakDbtp"] <= -1
    wait(lambda: state() == "published", 20, "the session is not published")
    cut = edl["tracks"]["program"][1]["id"]
    decisions = client.get("/decisions", params={"subject": f"cut:{cut}"}).json()["decisions"]
    assert len(decisions) == 1
    assert decisions[0]["result"]["reasons"]
    assert len(decisions[0]["result"]["inputsHash"]) == 64
    assert service.stop() == 0
    assert "service.stopped" in service.log.read_text().splitlines()[-1]
    service.ruach("audit", "verify")  # exit 0: the chains hold, and every decision comes out the same again
