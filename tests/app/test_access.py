"""Every route says who may call it, and whoever may not is turned away before anything is looked up."""

import re

from ruach_studio.infra.http.access import list_access, routes_without_a_role

# /webhooks/stripe: Stripe cannot sign in; the signature over the raw body, by a secret that only Stripe has, is its guard.
PUBLIC = {"/auth/login", "/auth/logout", "/healthz", "/readyz", "/readyz/{pillar}", "/media/{key:path}", "/webhooks/stripe"}
# A shell without data: it learns all that it shows from the routes above, as whoever signed in.
PUBLIC |= {"/studio", "/studio/{path:path}"}


def test_no_route_is_without_a_role(api):
    assert routes_without_a_role(api) == []


def test_only_these_are_public(api):
    public = {each.path for each in list_access(api) if any(guard.public for guard in each.guards)}
    assert public <= PUBLIC


def closed_routes(api, value="5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"):
    for each in list_access(api):
        if not any(guard.public for guard in each.guards) and each.method not in {"HEAD", "OPTIONS"}:
            yield each, re.sub(r"\{[^}]*\}", value, each.path)


async def test_who_may_not_ask_does_not_even_learn_what_a_good_id_looks_like(api, caller):
    stranger, member = await caller(), await caller("member")
    for route, path in closed_routes(api, "%21"):
        assert (await stranger.request(route.method, path, json={})).status_code == 401, f"{route.method} {path}"
        if all(guard.roles and "member" not in guard.roles for guard in route.guards):
            assert (await member.request(route.method, path, json={})).status_code == 403, f"{route.method} {path}"


async def test_a_body_that_is_said_to_be_json_and_is_empty_breaks_no_route(api, caller):
    stranger = await caller()
    for route, path in closed_routes(api):
        answer = await stranger.request(route.method, path, content=b"", headers={"content-type": "application/json"})
        assert answer.status_code == 401, f"{route.method} {path}"


async def test_the_openapi_document_is_served_and_names_the_main_routes(api, caller):
    document = (await (await caller()).get("/openapi.json")).json()
    for path in (
        "/sessions", "/sessions/{session_id}/assets", "/sessions/{session_id}/sync", "/sessions/{session_id}/sync/approve",
        "/sessions/{session_id}/assemble", "/sessions/{session_id}/edl", "/sessions/{session_id}/edl/approve",
        "/sessions/{session_id}/edl/lock", "/render-jobs/render-all/{session_id}", "/render-jobs/{job_id}",
        "/render-jobs/{job_id}/progress", "/decisions",
    ):  # fmt: skip
        assert path in document["paths"], path


async def test_decisions_need_an_id_and_a_good_one(caller):
    operator = await caller("operator")
    assert (await operator.get("/decisions")).status_code == 400
    assert (await operator.get("/decisions", params={"correlationId": "x"})).status_code == 400
    answer = await operator.get("/decisions", params={"correlationId": "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"})
    assert answer.json() == {"decisions": []}


async def test_readiness_names_each_part(caller):
    answer = await (await caller()).get("/readyz")
    assert answer.status_code == 200
    found = {name: each["status"] for name, each in answer.json()["checks"].items()}
    assert found == dict.fromkeys(("database", "assembly", "formation", "search", "journalReaders", "renderRunner"), "ok")
