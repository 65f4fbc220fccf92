"""The published energy over HTTP: the stored numbers, in both forms, with absence and silence told apart."""

import numpy as np
import pytest

from ruach_studio.assembly.usecases.approve_sync import approve_sync
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.compute_sync import compute_sync
from ruach_studio.infra.context import bind, new_id

SILENT = {"NaN": np.nan, "-Infinity": -np.inf}


@pytest.fixture
async def drafted(client, footage, services):
    await client.post("/sessions", json={"sessionId": "talk"})
    for name in "AB":
        await client.post("/sessions/talk/assets", json={"cameraId": name, "paths": [f"{name}.mp4"]})
    with bind(correlation_id=new_id(), automation_id=new_id()):
        row = await compute_sync(services, "talk", actor="t")
        await approve_sync(services, "talk", version=row.version, actor="t")
        await assemble(services, "talk", actor="t")


async def test_json_and_bytes_are_the_same_numbers(client, drafted):
    shown = (await client.get("/sessions/talk/energy")).json()
    assert (shown["windowMs"], shown["unit"], shown["windows"], len(shown["sha256"])) == (500, "dBFS", 48, 64)
    assert [each["column"] for each in shown["cameras"]] == ["A", "B"]
    for each in shown["cameras"]:
        raw = np.frombuffer((await client.get(each["url"])).content, "<f4")
        told = np.array([SILENT.get(value, value) for value in each["values"]], np.float32)
        np.testing.assert_array_equal(raw, told)
    late = shown["cameras"][1]["values"]
    assert late[:2] == ["NaN", "NaN"]  # B began 1.25 s later
    assert all(-90 < value < 0 for value in late[3:40])
    assert (await client.get("/sessions/talk/energy?windowMs=100")).json()["windows"] == 240


async def test_what_is_not_there_says_what_is(client, footage, drafted):
    wrong = await client.get("/sessions/talk/energy/Z.f32")
    assert (wrong.status_code, wrong.json()["remedy"]) == (404, "Choose one of A, B.")
    assert "100 ms, 500 ms" in (await client.get("/sessions/talk/energy?windowMs=250")).json()["detail"]
    await client.post("/sessions", json={"sessionId": "new"})
    assert (await client.get("/sessions/new/energy")).json()["code"] == "energy_not_found"
