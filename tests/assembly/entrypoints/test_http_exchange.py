"""Out and back over HTTP: a version of FCPXML on request, an edited file as the next version, refusals as problems."""

import json

from ruach_studio.assembly.exchange import export

PATH = "/sessions/s1/edl/import"


async def test_out_and_back(client, saved):
    out = await client.get("/sessions/s1/edl/export/fcpxml", params={"fcpxmlVersion": "1.13"})
    assert '<fcpxml version="1.13">' in out.text
    wrong = await client.get("/sessions/s1/edl/export/fcpxml", params={"fcpxmlVersion": "1.9"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_input")
    same = await client.post(f"{PATH}/fcpxml", params={"baseVersion": 1}, content=out.content)
    assert same.json() | {"edl": 0, "warnings": 0} == {
        "edl": 0, "errors": [], "warnings": 0, "headVersion": 1, "changedCuts": [], "removedCuts": [],
        "chaptersChanged": False, "notices": [],
    }  # fmt: skip

    timeline = json.loads(export(saved, "otio")[0])
    shown = timeline["tracks"]["children"][0]["children"]
    for item, by in ((shown[0], 12), (shown[1], -12)):
        item["source_range"]["duration"]["value"] += by
    shown[1]["source_range"]["start_time"]["value"] += 12
    changed = await client.post(f"{PATH}/otio", params={"baseVersion": 1}, json=timeline)
    assert changed.json()["changedCuts"] == [saved.program[0].id, saved.program[1].id]
    body = changed.json()["edl"]
    assert (body["version"], body["source"]) == (2, "hybrid")
    assert body["tracks"]["program"][1]["reasons"][0] == "came back from OpenTimelineIO: start moved by +12 frames"

    for path, base, content, status, code in (
        ("fcpxml", 1, out.content, 409, "edl_version_conflict"),
        ("fcpxml", 2, b"<!DOCTYPE f [<!ENTITY a 'b'>]><fcpxml>&a;</fcpxml>", 422, "bad_import"),
        ("mlt", 2, b"", 404, "not_found"),
        ("otio", 2, b" " * (9 << 20), 413, "too_large"),
    ):
        refused = await client.post(f"{PATH}/{path}", params={"baseVersion": base}, content=content)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.get("/sessions/s1/edl")).json()["headVersion"] == 2
