"""Who may use what: every route, every kind of caller."""

import pytest

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import list_access, require, routes_without_a_role
from ruach_studio.kernel.errors import BadInput

TOKEN = {"name": "ci", "roles": ["operator"], "scopes": ["render:write"]}
ACCOUNT = {"email": "new@studio.test", "password": "a long enough one", "roles": ["member"]}
NOBODY_ID = "b7a4d1c2-5f0e-4c9a-9d6b-3e8f21a07c54"

# route: (nobody, member, operator, admin)
TABLE = {
    ("POST", "/operate"): (401, 403, 200, 200),
    ("GET", "/learn"): (401, 200, 403, 403),
    ("GET", "/open"): (200, 200, 200, 200),
    ("GET", "/auth/me"): (401, 200, 200, 200),
    ("GET", "/auth/service-tokens"): (401, 403, 403, 200),
    ("POST", "/auth/service-tokens"): (401, 403, 403, 201),
    ("DELETE", f"/auth/service-tokens/{NOBODY_ID}"): (401, 403, 403, 404),
    ("POST", "/auth/accounts"): (401, 403, 403, 201),
    ("POST", "/auth/logout"): (204, 204, 204, 204),
}
BODIES = {"/auth/service-tokens": TOKEN, "/auth/accounts": ACCOUNT}


async def test_each_route_opens_for_whom_it_should(browser):
    clients = [await browser(role) for role in (None, "member", "operator", "admin")]
    for (method, path), expected in TABLE.items():
        body = BODIES.get(path) if method == "POST" else None
        got = tuple([(await client.request(method, path, json=body)).status_code for client in clients])
        assert got == expected, (method, path)


def test_the_table_above_misses_no_route(api):
    listed = {(each.method, each.path.replace("{token_id}", NOBODY_ID)) for each in list_access(api)}
    assert listed == {*TABLE, ("POST", "/auth/login")}


def test_a_route_without_a_guard_is_found(api):
    assert routes_without_a_role(api) == []

    @api.get("/forgotten")
    async def forgotten() -> None: ...

    assert routes_without_a_role(api) == ["GET /forgotten"]


def test_the_list_names_roles_and_scope(api):
    operate = next(each for each in list_access(api) if each.path == "/operate")
    assert [(guard.roles, guard.scope, guard.public) for guard in operate.guards] == [
        (frozenset({"operator"}), "render:write", False)
    ]


def test_a_misspelt_role_is_refused_when_the_route_is_made():
    with pytest.raises(BadInput, match="oprator"):
        require("oprator")


def test_an_admin_operates_but_is_no_member():
    admin = Principal("1", "a@b", frozenset({"admin"}))
    assert admin.holds_one_of(["operator"])
    assert not admin.holds_one_of(["member"])
    assert not Principal("2", "o@b", frozenset({"operator"})).holds_one_of(["admin"])


async def test_identity_comes_from_the_cookie_never_from_a_parameter(browser, people):
    member = await browser("member")
    answer = await member.get("/auth/me", params={"accountId": people["admin"].account_id, "userId": "1", "roles": "admin"})
    assert answer.json()["accountId"] == people["member"].account_id
    assert answer.json()["roles"] == ["member"]


async def test_a_refusal_is_a_problem_with_a_remedy(browser):
    answer = await (await browser(None)).get("/auth/me")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="ruach"'
    assert (answer.json()["code"], answer.json()["remedy"]) == ("unauthenticated", "Sign in, or send a service token.")


async def test_openapi_documents_guards_and_their_refusals(browser):
    document = (await (await browser(None)).get("/openapi.json")).json()
    operate = document["paths"]["/operate"]["post"]
    assert operate["security"] == [{"session": []}, {"serviceToken": []}]
    assert {"200", "401", "403", "500", "503"} <= set(operate["responses"])
    assert "429" in document["paths"]["/auth/login"]["post"]["responses"]
    assert "security" not in document["paths"]["/open"]["get"]
