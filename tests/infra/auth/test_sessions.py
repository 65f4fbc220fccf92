"""Cookies: made at sign-in, hashed at rest, refused when forged, ended, idle, old, or their account is shut."""

import pytest
import sqlalchemy as sa

from ruach_studio.infra.auth import secret
from ruach_studio.infra.auth.store import accounts
from ruach_studio.infra.auth.store.tables import ACCOUNT, LOGIN_SESSION

COOKIE = "ruach_session"


async def me(client, token):
    client.cookies.clear()
    return (await client.get("/auth/me", headers={"cookie": f"{COOKIE}={token}"})).status_code


async def test_the_cookie_is_http_only_lax_and_lasts_seven_days(browser, login):
    answer = await login(await browser(None), "Operator@Studio.test ")
    cookie = answer.headers["set-cookie"]
    assert answer.json()["email"] == "operator@studio.test"
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=604800" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(make_api, browser, login):
    app = make_api(secure_cookies=True)
    client = await browser(None, app, "https://studio.test")
    cookie = (await login(client, "operator@studio.test")).headers["set-cookie"]
    assert cookie.startswith("__Host-ruach_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    token = client.cookies["__Host-ruach_session"]
    assert (await client.get("/auth/me")).status_code == 200
    client.cookies.clear()
    plain = await client.get("/auth/me", headers={"cookie": f"ruach_session={token}"})
    assert plain.status_code == 401  # the name without the prefix could be planted by another host
    assert plain.headers["strict-transport-security"].startswith("max-age=63072000")


async def test_the_database_never_sees_the_token_or_the_password(browser, database):
    token = (await browser("admin")).cookies[COOKIE]
    async with database.connection() as conn:
        stored = (await conn.execute(sa.select(LOGIN_SESSION.c.token_sha256))).scalars().all()
        hashes = (await conn.execute(sa.select(ACCOUNT.c.password_hash))).scalars().all()
    assert stored == [secret.token_sha256(token)]
    assert len(token) == 43  # 256 bits in base64url
    assert len(set(hashes)) == 3  # one password, three salts
    assert all(each.startswith("$argon2id$") for each in hashes)


@pytest.mark.parametrize("forged", ["", "x", "a" * 43, "a" * 5000, "%00", "' OR 1=1 --"])
async def test_a_forged_cookie_is_nobody(browser, forged):
    assert await me(await browser("member"), forged) == 401


async def test_a_changed_character_is_nobody(browser):
    client = await browser("member")
    token = client.cookies[COOKIE]
    assert await me(client, token) == 200
    assert await me(client, ("b" if token[0] == "a" else "a") + token[1:]) == 401


async def test_the_hash_from_the_database_is_no_cookie(browser):
    client = await browser("member")
    assert await me(client, secret.token_sha256(client.cookies[COOKIE]).hex()) == 401


async def test_signing_in_draws_a_new_token_and_ends_the_one_brought(browser, login):
    client = await browser("member")
    old = client.cookies[COOKIE]
    await login(client, "member@studio.test")
    new = client.cookies[COOKIE]
    assert new != old
    assert (await me(client, old), await me(client, new)) == (401, 200)


async def test_a_planted_cookie_does_not_survive_sign_in(browser, login):
    client = await browser(None)
    client.cookies.set(COOKIE, "planted" * 5, domain="studio.test")
    await login(client, "member@studio.test")
    assert await me(client, "planted" * 5) == 401


async def test_signing_out_ends_the_session_and_takes_the_cookie(browser):
    client = await browser("member")
    token = client.cookies[COOKIE]
    answer = await client.post("/auth/logout")
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert COOKIE not in client.cookies
    assert await me(client, token) == 401


async def test_a_session_ends_after_24_hours_without_use(browser, clock):
    client = await browser("member")
    clock.move(hours=23, minutes=59)
    assert (await client.get("/auth/me")).status_code == 200  # used: the 24 hours start again
    clock.move(hours=23, minutes=59)
    assert (await client.get("/auth/me")).status_code == 200
    clock.move(hours=24)
    assert (await client.get("/auth/me")).status_code == 401


async def test_a_session_ends_after_seven_days_of_constant_use(browser, clock):
    client = await browser("member")
    for _ in range(13):
        clock.move(hours=12)
        assert (await client.get("/auth/me")).status_code == 200
    clock.move(hours=11, minutes=59)
    assert (await client.get("/auth/me")).status_code == 200
    clock.move(minutes=1)
    assert (await client.get("/auth/me")).status_code == 401


async def test_ended_sessions_leave_the_table(browser, clock, database):
    await browser("member")
    clock.move(days=8)
    await browser("admin")
    async with database.connection() as conn:
        assert (await conn.execute(sa.select(sa.func.count()).select_from(LOGIN_SESSION))).scalar_one() == 1


async def test_a_disabled_account_is_out_at_once(browser, database, people, login):
    client = await browser("operator")
    async with database.transaction() as tx:
        assert await accounts.disable(tx, people["operator"].account_id)
    assert (await client.get("/auth/me")).status_code == 401
    assert (await login(client, "operator@studio.test")).json()["code"] == "wrong_credentials"


async def test_a_changed_role_holds_from_the_next_request(browser, database, people):
    client = await browser("operator")
    async with database.transaction() as tx:
        mine = ACCOUNT.c.id == people["operator"].account_id
        await tx.execute(sa.update(ACCOUNT).where(mine).values(roles=["member"]))
    assert (await client.post("/operate")).status_code == 403
