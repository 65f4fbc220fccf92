"""The operator's last word on what is left out, over HTTP: seconds told, one stretch shown again, undo, exports, losses."""

import json

from ruach_studio.assembly.entrypoints.http_edl import LOSSES_HEADER_MAX, losses_header

URL = "/sessions/s1/edl"


async def edit(client, base, *edits):
    return await client.post(f"{URL}/edits", json={"baseVersion": base, "edits": list(edits)})


async def test_a_stretch_is_left_out_shown_again_and_undone(client, saved):
    stretches = [{"op": "omit", "startFrame": low, "endFrameExclusive": low + 50} for low in (100, 400)]
    left = (await edit(client, 1, *stretches)).json()
    assert [m["startFrame"] for m in left["edl"]["tracks"]["omitted"]] == [100, 400]
    assert {m["reason"] for m in left["edl"]["tracks"]["omitted"]} == {"the operator left it out"}
    told = [w["message"] for w in left["warnings"] if w["code"] == "left-out"]
    assert told[0].startswith("2 stretches (4.0 s of 60.0 s) fall out of renders and exports")
    assert (await client.get(f"{URL}/statistics")).json()["omittedS"] == 4.0
    again = (await edit(client, 2, {"op": "keep", "startFrame": 100})).json()
    assert [m["startFrame"] for m in again["edl"]["tracks"]["omitted"]] == [400]
    refused = await edit(client, 3, {"op": "keep", "startFrame": 100})
    assert (refused.status_code, refused.json()["code"]) == (422, "edit_refused")
    assert refused.json()["remedy"] == "Give the start of one: 400."
    forged = await edit(client, 3, stretches[0] | {"reason": "silence of 9 s"})
    assert forged.status_code == 422
    undone = await client.post(f"{URL}/restore", json={"fromVersion": 2, "baseVersion": 3})
    assert [m["startFrame"] for m in undone.json()["edl"]["tracks"]["omitted"]] == [100, 400]


async def test_with_all_edits_undone_the_list_is_automatic_again(client, saved):
    cut = saved.program[1].id
    assert (await edit(client, 1, {"op": "trim", "cutId": cut, "startFrame": 190})).json()["edl"]["source"] == "hybrid"
    await edit(client, 2, {"op": "omit", "startFrame": 0, "endFrameExclusive": 9})
    back = (await client.post(f"{URL}/restore", json={"fromVersion": 1, "baseVersion": 3})).json()
    assert (back["edl"]["source"], back["edl"]["version"]) == ("auto", 4)
    half = (await client.post(f"{URL}/restore", json={"fromVersion": 2, "baseVersion": 4})).json()
    assert half["edl"]["source"] == "hybrid"


async def test_a_sequence_comes_back_and_all_losses_have_a_route(client, saved):
    await edit(client, 1, {"op": "omit", "startFrame": 100, "endFrameExclusive": 150})
    out = await client.get(f"{URL}/export/otio")
    losses = json.loads(out.headers["x-export-losses"])
    assert any("1 stretches (2.0 s) are left out of the sequence" in loss for loss in losses)
    listed = (await client.get(f"{URL}/export/otio/losses")).json()
    assert listed == {"filename": "s1-v2.otio", "losses": losses}
    same = await client.post(f"{URL}/import/otio", params={"baseVersion": 2}, content=out.content)
    assert (same.json()["headVersion"], same.json()["changedCuts"]) == (2, [])
    assert (await client.get(f"{URL}/export/aaf/losses")).status_code == 404


def test_the_header_stays_small_and_says_what_it_lacks():
    many = [f"B: clip {n} is {'ä' * 40} off" for n in range(200)]
    text = losses_header(many)
    told = json.loads(text)
    assert len(text) <= LOSSES_HEADER_MAX
    assert told[:-1] == many[: len(told) - 1]
    assert told[-1].startswith(f"and {200 - len(told) + 1} more: ")
    assert json.loads(losses_header(many[:3])) == many[:3]
    assert json.loads(losses_header([])) == []
