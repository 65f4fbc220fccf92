"""A version that no column can hold is one that does not exist: 404, or a conflict; never a 500."""

import pytest

EDL, SYNC = "/sessions/s1/edl", "/sessions/s1/sync"


@pytest.mark.parametrize("number", [-(2**63), -1, 2**31, 10**30])
async def test_a_number_that_no_column_can_hold_is_no_version(client, saved, number):
    asked = [("GET", f"{EDL}/diff?from={number}&to=1", {}), ("GET", f"{EDL}/diff?from=1&to={number}", {})]
    paths = (EDL, f"{EDL}/statistics", f"{EDL}/export/otio", f"{EDL}/export/otio/losses", SYNC, "/sessions/s1/speakers",
             "/sessions/s1/transcript", "/sessions/s1/energy")  # fmt: skip
    asked += [("GET", f"{path}?version={number}", {}) for path in paths]
    asked += [("GET", f"/sessions/s1/energy?syncVersion={number}", {})]
    asked += [
        ("POST", f"{EDL}/restore", {"fromVersion": number, "baseVersion": 1}),
        ("POST", f"{EDL}/restore", {"fromVersion": 1, "baseVersion": number}),
        ("POST", f"{EDL}/edits", {"baseVersion": number, "edits": [{"kind": "approve", "cutIds": ["c1"]}]}),
        ("POST", f"{EDL}/submit", {"version": number}),
        ("POST", f"{EDL}/approve", {"version": number}),
        ("POST", f"{EDL}/lock", {"version": number}),
        ("POST", f"{EDL}/preview", {"baseVersion": number}),
        ("POST", f"{SYNC}/approve", {"version": number}),
        ("POST", f"{SYNC}/correct", {"baseVersion": number, "corrections": [{"cameraId": "B", "offsetMs": 1}]}),
    ]
    answers = [(await client.request(method, path, json=body), method, path) for method, path, body in asked]
    said = {f"{method} {path}": answer.status_code for answer, method, path in answers}
    assert {path: status for path, status in said.items() if status >= 500} == {}
    assert [said[f"GET {path}?version={number}"] for path in paths[:4]] == [404] * 4
    assert said[f"POST {EDL}/restore"] == 404
