"""Signing in: the same answer for a wrong email as for a wrong password; only so many tries."""

import asyncio
from datetime import timedelta

import pytest

from ruach_studio.infra.auth import throttle
from ruach_studio.infra.auth.accounts import LOCAL_OPERATOR_EMAIL, create_account, ensure_local_operator
from ruach_studio.kernel.errors import BadInput, Conflict

WRONG = "wrong horse battery"


async def test_wrong_email_and_wrong_password_answer_alike(browser, login):
    client = await browser(None)
    bodies = []
    for email in ("operator@studio.test", "nobody@studio.test"):
        answer = await login(client, email, WRONG)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        bodies.append({**answer.json(), "correlationId": None})
    assert bodies[0] == bodies[1]


async def test_the_sixth_try_in_15_minutes_is_429_even_with_the_right_password(browser, login, clock):
    client = await browser(None)
    for _ in range(5):
        assert (await login(client, "operator@studio.test", WRONG)).status_code == 401
    clock.move(minutes=5)
    answer = await login(client, "operator@studio.test")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "600"
    assert (answer.json()["code"], answer.json()["retryable"]) == ("too_many_logins", True)
    assert (await login(client, "member@studio.test")).status_code == 200  # another account is not locked
    clock.move(minutes=10)
    assert (await login(client, "operator@studio.test")).status_code == 200


async def test_a_success_clears_the_count(browser, login):
    client = await browser(None)
    for _ in range(3):
        for _ in range(4):
            assert (await login(client, "operator@studio.test", WRONG)).status_code == 401
        assert (await login(client, "operator@studio.test")).status_code == 200


async def test_twenty_tries_at_once_still_get_only_five(browser, login):
    client = await browser(None)
    answers = await asyncio.gather(*(login(client, "operator@studio.test", WRONG) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (5, 15)


async def test_a_window_that_began_while_the_clock_was_ahead_ends_too(browser, login, clock):
    client = await browser(None)
    clock.move(days=730)
    assert (await login(client, "operator@studio.test", WRONG)).status_code == 401
    clock.move(days=-730)
    for _ in range(4):  # one mistake a day
        clock.move(days=1)
        assert (await login(client, "operator@studio.test", WRONG)).status_code == 401
    assert (await login(client, "operator@studio.test")).status_code == 200


async def test_a_clock_that_was_ahead_keeps_nobody_out_for_more_than_a_window(browser, login, clock):
    client = await browser(None)
    clock.move(days=730)
    for _ in range(5):
        assert (await login(client, "operator@studio.test", WRONG)).status_code == 401
    clock.move(days=-730)
    answer = await login(client, "operator@studio.test")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    clock.move(minutes=15)
    assert (await login(client, "operator@studio.test")).status_code == 200


async def test_tries_that_arrive_in_another_order_than_their_times_are_counted_all(database, clock):
    """Otherwise a hundred at once, or two processes whose clocks differ, would begin the window again and again."""
    for number in range(5):
        at = clock.now() - timedelta(milliseconds=number)
        await throttle.admit(database, "operator@studio.test", "192.0.2.1", at)
    with pytest.raises(throttle.TooManyLogins):
        await throttle.admit(database, "operator@studio.test", "192.0.2.1", clock.now() - timedelta(milliseconds=5))


async def test_trying_many_emails_from_one_address_stops_at_fifty(database, clock):
    for number in range(50):
        await throttle.admit(database, f"{number}@studio.test", "192.0.2.1", clock.now())
    with pytest.raises(throttle.TooManyLogins):
        await throttle.admit(database, "50@studio.test", "192.0.2.1", clock.now())
    await throttle.admit(database, "50@studio.test", "192.0.2.2", clock.now())


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_attempts_are_counted_by_address(host, address):
    assert throttle.address_of(host) == address


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "operator@studio.test"}, 422),
        ({"email": "no email", "password": "x"}, 422),
        ({"email": "a\u0000@b.c", "password": "x"}, 422),
        ({"email": "operator@studio.test", "password": "x" * 5000}, 422),
        ({"email": "operator@studio.test", "password": "x", "role": "admin"}, 422),
        ([], 422),
    ],
)
async def test_a_malformed_login_is_refused_and_never_echoes_the_password(browser, body, status):
    answer = await (await browser(None)).post("/auth/login", json=body)
    assert answer.status_code == status
    assert "xxxx" not in answer.text


async def test_weak_passwords_unknown_roles_and_taken_emails_are_refused(browser):
    admin = await browser("admin")
    good = {"email": "New@Studio.test", "password": "long enough one", "roles": ["member"]}
    for change, status, code in [
        ({"password": "short"}, 422, "weak_password"),
        ({"roles": ["root"]}, 422, "bad_input"),
        ({"roles": []}, 422, "bad_input"),
        ({"email": "nobody"}, 422, "bad_input"),
        ({}, 201, None),
        ({"email": "nEw@studio.TEST"}, 409, "email_taken"),
    ]:
        answer = await admin.post("/auth/accounts", json={**good, **change})
        assert (answer.status_code, answer.json().get("code")) == (status, code)


async def test_the_local_operator_is_one_account_that_nobody_can_sign_in_to(database, browser, login):
    async with database.transaction() as tx:
        first = await ensure_local_operator(tx)
        assert await ensure_local_operator(tx) == first
    assert first.kind == "local"
    assert first.holds_one_of(["operator"])
    answer = await login(await browser(None), LOCAL_OPERATOR_EMAIL, "")
    assert answer.json()["code"] == "wrong_credentials"


async def test_create_account_raises_what_it_says(database, clock):
    async with database.transaction() as tx:
        await create_account(tx, "a@b.c", "long enough one", ["member"], at=clock.now())
        with pytest.raises(Conflict):
            await create_account(tx, "A@b.c", "long enough one", ["member"], at=clock.now())
        with pytest.raises(BadInput):
            await create_account(tx, "a@b@c", "long enough one", ["member"], at=clock.now())
