"""Who may not: every route of this pillar asks for an operator, and machines need the scope."""

import pytest

from ruach_studio.infra.auth.require import list_access, routes_without_a_role

JOB = "11111111-1111-4111-8111-111111111111"
ROUTES = [
    ("POST", "/sessions"), ("GET", "/sessions"), ("GET", "/sessions/x"), ("POST", "/sessions/x/assets"),
    ("GET", "/sessions/x/assets"), ("POST", "/sessions/x/sync"), ("GET", "/sessions/x/sync"),
    ("POST", "/sessions/x/sync/approve"), ("POST", "/sessions/x/sync/correct"), ("POST", "/sessions/x/assemble"),
    ("POST", "/sessions/x/assembly/replay"),
    ("GET", "/sessions/x/edl"), ("POST", "/sessions/x/edl/edits"), ("POST", "/sessions/x/edl/preview"),
    ("POST", "/sessions/x/edl/submit"), ("POST", "/sessions/x/edl/withdraw"), ("POST", "/sessions/x/edl/approve"),
    ("POST", "/sessions/x/edl/lock"), ("GET", "/sessions/x/edl/export/json"), ("GET", "/sessions/x/edl/versions"),
    ("GET", "/sessions/x/edl/export/json/losses"),
    ("GET", "/sessions/x/edl/diff"), ("GET", "/sessions/x/edl/statistics"), ("POST", "/sessions/x/edl/restore"),
    ("GET", "/sessions/x/speakers"), ("PUT", "/sessions/x/speakers"), ("GET", "/sessions/x/speakers/proposal"),
    ("GET", "/sessions/x/transcript"), ("PUT", "/sessions/x/transcript"),
    ("POST", "/sessions/x/transcript/import"), ("POST", "/sessions/x/transcript/edits"),
    ("POST", "/sessions/x/transcript/transcribe"),
    ("POST", "/sessions/x/edl/import/json"),
    ("GET", "/sessions/x/jobs"), ("GET", f"/sessions/x/jobs/{JOB}"), ("GET", f"/sessions/x/jobs/{JOB}/progress"),
    ("POST", f"/sessions/x/jobs/{JOB}/cancel"), ("POST", "/sessions/x/derivatives"), ("GET", "/sessions/x/derivatives"),
    ("GET", "/sessions/x/energy"), ("GET", "/sessions/x/energy/A.f32"),
    ("GET", "/sessions/x/derivatives/y/proxy.mp4"), ("HEAD", "/sessions/x/derivatives/y/proxy.mp4"),
]  # fmt: skip


def test_the_list_is_complete(app):
    listed = {
        (
            each.method,
            each.path.format(
                session_id="x", format_name="json", job_id=JOB, derivative_id="y", file_name="proxy.mp4", column="A"
            ),
        )
        for each in list_access(app)
        if each.path.startswith("/sessions")
    }
    assert {route for route in listed if route[1].startswith("/sessions")} == set(ROUTES)
    assert routes_without_a_role(app) == []
    for each in list_access(app):
        assert {guard.roles for guard in each.guards} == {frozenset({"operator"})}
        assert [guard.scope for guard in each.guards] == [
            f"assembly:{'read' if each.method in ('GET', 'HEAD') else 'write'}"
        ]


async def test_nobody_and_members_are_turned_away_everywhere(client_as):
    async with client_as(None) as nobody, client_as("member") as member:
        for method, path in ROUTES:
            assert (await nobody.request(method, path, json={})).status_code == 401, path
            assert (await member.request(method, path, json={})).status_code == 403, path


@pytest.mark.parametrize("role", ["operator", "admin"])
async def test_staff_may(client_as, role):
    async with client_as(role) as client:
        assert (await client.get("/sessions")).json() == []


async def test_a_reading_machine_cannot_write(client_as):
    async with client_as("operator", scopes=("assembly:read",)) as client:
        assert (await client.get("/sessions")).status_code == 200
        assert (await client.post("/sessions", json={})).status_code == 403
