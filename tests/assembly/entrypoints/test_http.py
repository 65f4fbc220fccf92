"""The whole way over HTTP: footage, sync, draft, review, lock, export; and errors that say what to do."""

import asyncio
import json

import pytest
import sqlalchemy as sa

from ruach_studio.assembly.exchange.json import read_json


async def until(client, path, wanted, deadline_s=60.0):
    """Ask until `wanted(answer)` holds."""
    async with asyncio.timeout(deadline_s):
        while True:
            answer = await client.get(path)
            if wanted(answer):
                return answer
            await asyncio.sleep(0.05)


async def register(client, footage, names="ABW"):
    assert (await client.post("/sessions", json={"sessionId": "talk", "title": "A talk"})).status_code == 201
    for name in names:
        body = {"cameraId": name, "paths": [f"{name}.mp4"], "role": "wide" if name == "W" else "camera"}
        answer = await client.post("/sessions/talk/assets", json=body)
        assert answer.status_code == 201, answer.text


async def test_from_footage_to_a_locked_edl(client, footage, working, services):
    await register(client, footage)
    async with working():
        queued = await client.post("/sessions/talk/sync", json={})
        assert queued.status_code == 202
        assert set(queued.json()) == {"jobId", "automationId", "dispatch"}
        await until(client, "/sessions/talk", lambda a: a.json()["state"] == "needs-review")
        sync = (await client.get("/sessions/talk/sync")).json()
        placed = {p["cameraId"]: p["offsetMs"] for p in sync["placements"]}
        assert {quality["cameraId"] for quality in sync["sound"]} == {"A", "B", "W"}
        assert all(pair["used"] and abs(pair["residualMs"]) < 5 for pair in sync["pairs"])
        assert (sync["masterCamera"], len(sync["pairs"]), sync["placements"][0]["placedBy"]) == ("A", 3, "sound")
        assert placed == pytest.approx({"A": 0.0, "B": 1250.0, "W": -500.0}, abs=2.0)
        assert (await client.post("/sessions/talk/sync/approve", json={"version": sync["version"]})).status_code == 200
        assert (await client.post("/sessions/talk/assemble", json={"angle": {"paceS": 0.5}})).status_code == 202
        await until(client, "/sessions/talk/edl", lambda a: a.status_code == 200)
    again = await client.post("/sessions/talk/assemble", json={"ruleset": "angle-v1"})
    assert (again.status_code, again.json()["edl"]["rulesVersion"]) == (200, "angle-v2")
    body = again.json()
    assert (body["edl"]["options"]["paceMs"], body["errors"], body["headVersion"]) == (500, [], 1)

    cut = body["edl"]["tracks"]["program"][1]
    edit = {"baseVersion": 1, "edits": [{"op": "reAngle", "cutId": cut["id"], "camera": "W"}]}
    edited = await client.post("/sessions/talk/edl/edits", json=edit)
    assert edited.json()["edl"]["tracks"]["program"][1]["reason"] == "operator"
    stale = await client.post("/sessions/talk/edl/edits", json=edit)
    assert (stale.status_code, stale.json()["code"]) == (409, "edl_version_conflict")
    assert stale.json()["details"] == {"base_version": 1, "current_version": 2}

    early = await client.post("/sessions/talk/edl/lock", json={"version": 2})
    assert (early.status_code, early.json()["remedy"]) == (409, "Submit and approve it first.")
    for step in ("submit", "withdraw", "submit", "approve", "lock"):
        answer = await client.post(f"/sessions/talk/edl/{step}", json={"version": 2, "note": step})
        assert answer.status_code == 200, answer.text
    assert answer.json()["edl"]["status"] == "locked"
    told = (await client.get("/sessions/talk/edl/diff", params={"from": 1, "to": 2})).json()
    assert [each["cutId"] for each in told["changed"]] == [cut["id"]]
    assert {"field": "camera", "before": cut["camera"], "after": "W"} in told["changed"][0]["changes"]
    numbers = (await client.get("/sessions/talk/edl/statistics")).json()
    assert [share["name"] for share in numbers["cameras"]] == ["A", "B", "W"]
    assert sum(share["share"] for share in numbers["cameras"]) == pytest.approx(1.0, abs=0.001)
    locked = await client.post("/sessions/talk/edl/edits", json={**edit, "baseVersion": 2})
    assert (locked.status_code, locked.json()["code"]) == (409, "edl_locked")
    versions = (await client.get("/sessions/talk/edl/versions")).json()
    assert [(v["version"], v["state"], v["source"]) for v in versions] == [(2, "locked", "hybrid"), (1, "draft", "auto")]

    exported = await client.get("/sessions/talk/edl/export/json")
    assert exported.headers["content-disposition"] == 'attachment; filename="talk-v2.json"'
    assert read_json(exported.text).status == "locked"
    fcpxml = await client.get("/sessions/talk/edl/export/fcpxml", params={"version": 1})
    assert any("state and its options" in loss for loss in json.loads(fcpxml.headers["x-export-losses"]))
    for name, extension, start in (("fcp7xml", "xml", "<?xml"), ("cmx3600", "edl", "TITLE: "), ("mlt", "mlt", "<?xml"),
                                   ("kdenlive", "kdenlive", "<?xml"), ("otio", "otio", "{")):  # fmt: skip
        other = await client.get(f"/sessions/talk/edl/export/{name}")
        assert other.headers["content-disposition"] == f'attachment; filename="talk-v2.{extension}"'
        assert other.text.startswith(start)
        assert json.loads(other.headers["x-export-losses"])
    unknown = await client.get("/sessions/talk/edl/export/aaf")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert "json, otio, fcpxml, fcp7xml, cmx3600, mlt, kdenlive" in unknown.json()["remedy"]
    async with services.database.connection() as conn:
        rows = await conn.execute(sa.text("SELECT event_type, correlation_id FROM platform.outbox ORDER BY id"))
        events = [(row.event_type, row.correlation_id) for row in rows]
    assert [kind for kind, _ in events] == ["edl.draft.created", "edl.locked"]
    assert events[1][1] == answer.headers["x-correlation-id"]


async def test_a_sync_that_dies_returns_the_session_to_its_footage(client, footage, working, tmp_path, services):
    await register(client, footage)
    async with services.database.transaction() as tx:  # the card was pulled after registration
        await tx.execute(sa.text("UPDATE assembly.clip SET path = path || '.gone' WHERE camera_id = 'B'"))
    async with working():
        await client.post("/sessions/talk/sync")
        await until(client, "/sessions/talk", lambda a: a.json()["state"] == "ingesting")
    async with services.database.connection() as conn:
        reason = (
            await conn.execute(sa.text("SELECT reason FROM platform.transition_audit WHERE from_state = 'syncing'"))
        ).scalar_one()
    assert "B.mp4.gone" in reason
    assert "no such file" in reason


async def test_errors_are_problems_that_name_the_remedy(client, footage):
    missing = await client.get("/sessions/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "session_not_found")
    assert missing.headers["content-type"].startswith("application/problem+json")
    await register(client, footage, "A")
    twice = await client.post("/sessions/talk/assets", json={"cameraId": "A", "paths": ["B.mp4"]})
    assert (twice.status_code, twice.json()["code"]) == (409, "camera_exists")
    outside = await client.post("/sessions/talk/assets", json={"cameraId": "B", "paths": ["/etc/passwd"]})
    assert (outside.status_code, outside.json()["code"]) == (403, "path_refused")
    nothing = await client.post("/sessions/talk/assets", json={"cameraId": "B", "paths": ["gone.mp4"]})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "bad_media")
    alone = await client.post("/sessions/talk/sync")
    assert (alone.status_code, alone.json()["code"]) == (422, "bad_session")
    unknown = await client.post("/sessions/talk/assemble", json={"ruleset": "angle-v9"})
    assert unknown.status_code == 422
    early = await client.post("/sessions/talk/assemble", json={})
    assert (early.status_code, early.json()["remedy"]) == (409, "Approve the sync first.")
    assert (await client.get("/sessions/talk/edl")).json()["code"] == "edl_not_found"


async def test_speakers_and_versions_over_http(client, footage):
    await register(client, footage)
    shown = (await client.get("/sessions/talk/speakers")).json()
    assert (shown["version"], shown["origin"], [s["cameras"] for s in shown["speakers"]]) == (0, "default", [["A"], ["B"]])
    seats = [{"id": "ann", "name": "Ann", "mics": [{"cameraId": "A"}], "cameras": ["B", "W"]}]
    saved = await client.put("/sessions/talk/speakers", json={"baseVersion": 0, "speakers": seats})
    assert (saved.status_code, saved.json()["version"], saved.json()["speakers"][0]["cameras"]) == (200, 1, ["B", "W"])
    stale = await client.put("/sessions/talk/speakers", json={"baseVersion": 0, "speakers": seats})
    assert (stale.status_code, stale.json()["code"]) == (409, "speakers_conflict")
    assert stale.json()["details"] == {"base_version": 0, "current_version": 1}
    wrong = await client.put(
        "/sessions/talk/speakers", json={"baseVersion": 1, "speakers": [{**seats[0], "cameras": ["Q"]}]}
    )
    assert (wrong.status_code, wrong.json()["remedy"]) == (422, "Choose a camera with picture: A, B, W.")
    for path in ("edl/diff?from=1&to=2", "edl/statistics"):
        assert (await client.get(f"/sessions/talk/{path}")).json()["code"] == "edl_not_found"
