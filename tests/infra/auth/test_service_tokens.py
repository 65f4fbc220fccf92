"""Service tokens: shown once, limited by role and scope, dead when revoked, expired, or their maker is shut out."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.auth import secret
from ruach_studio.infra.auth.accounts import disable_account
from ruach_studio.infra.auth.store.tables import SERVICE_TOKEN

GOOD = {"name": "ci", "roles": ["operator"], "scopes": ["render:write"]}


@pytest.fixture
async def issue(browser):
    admin = await browser("admin")

    async def make(**changes):
        answer = await admin.post("/auth/service-tokens", json={**GOOD, **changes})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
async def operate(browser):
    machine = await browser(None)

    async def call(token, path="/operate", method="POST"):
        return await machine.request(method, path, headers={"authorization": f"Bearer {token}"})

    return call


async def test_a_token_opens_the_route_whose_role_and_scope_it_holds(issue, operate):
    issued = await issue()
    answer = await operate(issued["secret"])
    assert (answer.status_code, answer.json()) == (200, f"service:{issued['tokenId']}")


async def test_role_alone_or_scope_alone_is_not_enough(issue, operate):
    no_scope = await operate((await issue(scopes=["render:read"]))["secret"])
    assert (no_scope.status_code, no_scope.json()["detail"]) == (
        403, "service:ci: the token lacks the scope render:write. Issue a token with that scope.",
    )  # fmt: skip
    assert (await operate((await issue(roles=["member"]))["secret"])).status_code == 403


async def test_a_route_without_a_scope_is_closed_to_machines(issue, operate):
    token = (await issue(roles=["admin", "member"]))["secret"]
    assert (await operate(token, "/learn", "GET")).status_code == 403
    assert (await operate(token, "/auth/service-tokens", "GET")).status_code == 403
    assert (await operate(token, "/auth/me", "GET")).status_code == 403


async def test_only_the_hash_is_stored_and_the_list_shows_no_secret(issue, browser, database):
    issued = await issue()
    assert issued["secret"].startswith("ruach_st_")
    async with database.connection() as conn:
        stored = (await conn.execute(sa.select(SERVICE_TOKEN.c.token_sha256))).scalar_one()
    assert stored == secret.token_sha256(issued["secret"])
    listed = await (await browser("admin")).get("/auth/service-tokens")
    assert issued["secret"] not in listed.text
    assert [each["tokenId"] for each in listed.json()] == [issued["tokenId"]]


async def test_revoking_ends_it_at_once_and_once(issue, operate, browser):
    issued, admin = await issue(), await browser("admin")
    path = f"/auth/service-tokens/{issued['tokenId']}"
    assert (await admin.delete(path)).status_code == 204
    refused = await operate(issued["secret"])
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert (await admin.delete(path)).status_code == 404
    assert (await admin.delete("/auth/service-tokens/not-a-uuid")).status_code == 400


async def test_it_ends_at_its_expiry(issue, operate, clock):
    issued = await issue(expiresAt=(clock.now() + timedelta(hours=1)).isoformat())
    clock.move(minutes=59, seconds=59)
    assert (await operate(issued["secret"])).status_code == 200
    clock.move(seconds=1)
    assert (await operate(issued["secret"])).status_code == 401


async def test_it_ends_with_its_makers_account(issue, operate, database, people):
    issued = await issue()
    async with database.transaction() as tx:
        assert await disable_account(tx, people["admin"].account_id, actor="local", reason="left")
        assert not await disable_account(tx, people["admin"].account_id, actor="local", reason="left")
    assert (await operate(issued["secret"])).status_code == 401


@pytest.mark.parametrize("header", ["Bearer ", "Bearer ruach_st_" + "a" * 43, "Basic YTpi", "ruach_st_x", "Bearer é"])
async def test_a_bad_authorization_header_is_refused_even_beside_a_good_cookie(browser, header):
    operator = await browser("operator")
    answer = await operator.post("/operate", headers={"authorization": header.encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


async def test_a_session_cookie_is_no_bearer_token(browser, operate):
    cookie = (await browser("operator")).cookies["ruach_session"]
    assert (await operate(cookie)).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"roles": []},
        {"roles": ["root"]},
        {"name": " "},
        {"name": "x" * 81},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2030-01-01T00:00:00"},
    ],
)
async def test_a_useless_token_is_not_issued(browser, changes):
    answer = await (await browser("admin")).post("/auth/service-tokens", json={**GOOD, **changes})
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_input"


async def test_every_change_has_its_audit_row(issue, browser, database, people):
    issued, admin = await issue(), await browser("admin")
    await admin.delete(f"/auth/service-tokens/{issued['tokenId']}")
    made = await admin.post("/auth/accounts", json={"email": "n@s.t", "password": "long enough one", "roles": ["member"]})
    async with database.transaction() as tx:
        await disable_account(tx, made.json()["accountId"], actor="local", reason="a trial account")
    actor = f"session:{people['admin'].account_id}"
    rows = []
    async with database.connection() as conn:
        for entity, entity_id in (("service-token", issued["tokenId"]), ("account", made.json()["accountId"])):
            rows.append(await list_transitions(conn, entity=entity, entity_id=entity_id))
    told = [[(row["from"], row["to"], row["actor"]) for row in reversed(each)] for each in rows]
    assert told == [
        [(None, "active", actor), ("active", "revoked", actor)],
        [(None, "active", actor), ("active", "disabled", "local")],
    ]
    assert issued["secret"] not in str(rows)
