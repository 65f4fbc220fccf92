"""The webhook takes what Stripe signed and nothing else; twenty deliveries at once have one effect."""

import asyncio
import json
import time

import httpx
import pytest
import sqlalchemy as sa
from stripe import WebhookSignature

from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.auth.service_tokens import issue_service_token
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.http.application import new_api
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.settings import load_settings
from ruach_studio.membership.entrypoints.http import router

PATH = "/webhooks/stripe"
ADDRESS = "http://studio.test"


def made_api(services, settings=None):
    api = new_api(Platform(services.database, settings or services.settings, None, services.clock))
    api.add_routes(router(services if settings is None else type(services)(settings, services.database, services.clock)))
    return api


def calling(api, **headers):
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api, raise_app_exceptions=False), base_url=ADDRESS, headers=headers
    )


@pytest.fixture
async def client(services):
    async with calling(made_api(services)) as opened:
        yield opened


def signed(told, secret, *, at=None):
    body = told if isinstance(told, str) else json.dumps(told, indent=2)
    header = WebhookSignature.generate_signature_header(body, secret, timestamp=at)
    return {
        "content": body.encode(),
        "headers": {"stripe-signature": header, "content-type": "application/json; charset=utf-8"},
    }


async def written(database):
    async with database.connection() as conn:
        names = ("stripe_event", "customer", "subscription", "purchase", "standing")
        found = [sa.table(name, schema="membership") for name in names]
        return [(await conn.execute(sa.select(sa.func.count()).select_from(each))).scalar_one() for each in found]


async def test_a_signed_event_is_taken_once(client, stripe, make_account, database):
    account = await make_account("member")
    sent = signed(stripe.subscription("evt_1", "created", account=account), stripe.secret)
    first, again = await client.post(PATH, **sent), await client.post(PATH, **sent)
    assert (first.status_code, first.json()) == (200, {"received": True, "effect": "applied", "linked": True})
    assert (again.status_code, again.json()) == (200, {"received": True, "effect": "repeated", "linked": None})
    assert await written(database) == [1, 0, 1, 0, 1]
    unknown = await client.post(PATH, **signed(stripe.event("evt_2", "terminal.reader.action_failed", {}), stripe.secret))
    assert (unknown.status_code, unknown.json()["effect"]) == (200, "ignored")
    assert await written(database) == [2, 0, 1, 0, 1]


async def test_a_signature_that_does_not_fit_writes_nothing(client, stripe, database):
    told = stripe.subscription("evt_1", "created")
    good = signed(told, stripe.secret)
    header = good["headers"]["stripe-signature"]
    bodies = [
        signed(told, "whsec_of_somebody_else"),
        signed(told, stripe.secret, at=int(time.time()) - 301),
        {**good, "content": good["content"].replace(b"price_par", b"price_ste")},
        {**good, "content": good["content"].replace(b"  ", b" ")},  # the raw body counts, not what it means
        {**good, "content": b"\xff" + good["content"]},
        {**good, "headers": {}},
        {**good, "headers": {"stripe-signature": ""}},
        {**good, "headers": {"stripe-signature": "t=1"}},
        {**good, "headers": {"stripe-signature": header.replace("v1=", "v0=")}},
        {**good, "headers": {"stripe-signature": header.replace("t=", "t=x")}},
        {**good, "headers": [(b"stripe-signature", header[:-3].encode() + "é".encode("latin-1"))]},
        {**good, "headers": {"stripe-signature": f"t={'9' * 5000},v1=00"}},
    ]
    for sent in bodies:
        answer = await client.post(PATH, **sent)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature"), sent["headers"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert stripe.secret not in answer.text
    assert await written(database) == [0, 0, 0, 0, 0]
    rolled = good["headers"]["stripe-signature"] + ",v1=" + "0" * 64  # while a secret is rolled Stripe signs with both
    assert (await client.post(PATH, content=good["content"], headers={"stripe-signature": rolled})).status_code == 200


@pytest.mark.parametrize("body", ["[]", "{", "null", '{"id": "evt_1"}', '{"id": "evt_\\u0000", "type": "invoice.paid"}'])
async def test_a_signed_body_that_is_no_event_is_refused(client, stripe, database, body):
    answer = await client.post(PATH, **signed(body, stripe.secret))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert await written(database) == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("secret", [None, "", "  "])
async def test_without_a_secret_it_says_so_and_stripe_tries_again(services, stripe, tmp_path, secret):
    settings = load_settings(data_dir=tmp_path, stripe_webhook_secret=secret)
    async with calling(made_api(services, settings)) as client:
        answer = await client.post(PATH, **signed(stripe.event("evt_1", "x", {}), stripe.secret))
    assert (answer.status_code, answer.json()["code"]) == (503, "stripe_not_configured")
    assert "RUACH_STRIPE_WEBHOOK_SECRET" in answer.json()["detail"]
    assert "retry-after" in answer.headers


async def test_twenty_deliveries_at_once_have_one_effect(client, stripe, make_account, database):
    account = await make_account("member")
    sent = signed(stripe.subscription("evt_1", "created", account=account), stripe.secret)
    answers = await asyncio.gather(*(client.post(PATH, **sent) for _ in range(20)))
    assert [each.status_code for each in answers] == [200] * 20
    assert sorted(each.json()["effect"] for each in answers) == ["applied"] + ["repeated"] * 19
    assert await written(database) == [1, 0, 1, 0, 1]
    async with database.connection() as conn:
        assert (await conn.execute(sa.text("SELECT count(*) FROM platform.outbox"))).scalar_one() == 1


async def test_different_events_at_once_end_where_they_would_one_by_one(client, stripe, make_account, database):
    account = await make_account("member")
    events = [stripe.checkout("evt_0", reference=account), *(
        stripe.subscription(f"evt_{n}", "updated", at=stripe.t0 + n, price=("price_sup", "price_ste")[n % 2])
        for n in range(1, 20)
    )]  # fmt: skip
    answers = await asyncio.gather(*(client.post(PATH, **signed(told, stripe.secret)) for told in events))
    assert {each.status_code for each in answers} == {200}
    assert await written(database) == [20, 1, 1, 0, 1]
    async with database.connection() as conn:
        assert (await conn.execute(sa.text("SELECT tier FROM membership.standing"))).scalar_one() == "steward"


async def test_a_page_of_another_site_is_kept_out_and_stripe_is_not(client, stripe):
    sent = signed(stripe.event("evt_1", "price.updated", {}), stripe.secret)
    crossed = {**sent, "headers": {**sent["headers"], "origin": "https://evil.example", "sec-fetch-site": "cross-site"}}
    assert (await client.post(PATH, **crossed)).status_code == 403
    as_stripe = {**sent, "headers": {**sent["headers"], "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"}}
    assert (await client.post(PATH, **as_stripe)).status_code == 200
    large = signed(stripe.event("evt_2", "price.updated", {"x": "y" * 300_000}), stripe.secret)  # above Stripe's own limit
    assert (await client.post(PATH, **large)).status_code == 200
    too_large = signed(stripe.event("evt_3", "price.updated", {"x": "y" * (9 << 20)}), stripe.secret)
    assert (await client.post(PATH, **too_large)).status_code == 413


async def test_a_gone_database_is_a_503_and_not_a_lost_event(services, client, stripe):
    await services.database.close()
    broken = type(services.database)("postgresql:///nowhere?host=/nonexistent-socket")
    other = type(services)(services.settings, broken, services.clock)
    sent = signed(stripe.event("evt_1", "price.updated", {}), stripe.secret)
    async with calling(made_api(other)) as caller:
        assert (await caller.post(PATH, **sent)).status_code == 503
    assert (await client.post(PATH, **sent)).json()["effect"] == "ignored"  # not "repeated"


@pytest.fixture
def operator(services):
    async def calls(*scopes):
        with bind(correlation_id=new_id()):
            async with services.database.transaction() as tx:
                boss = await ensure_local_operator(tx)
                issued = await issue_service_token(tx, name=new_id(), roles=["operator"], scopes=scopes, created_by=boss)
        return calling(made_api(services), Authorization=f"Bearer {issued.secret}")

    return calls


async def test_an_operator_sees_the_ledger_and_links_what_has_no_account(client, operator, stripe, make_account):
    account = await make_account("member")
    for told in (stripe.subscription("evt_1", "created"), stripe.checkout("evt_2", session="cs_2", mode="payment")):
        await client.post(PATH, **signed(told, stripe.secret))
    async with await operator("membership:read", "membership:write") as boss:
        page = (await boss.get("/membership/events", params={"limit": 1})).json()
        assert [(each["eventId"], each["linked"]) for each in page["events"]] == [("evt_2", None)]
        rest = (await boss.get("/membership/events", params={"limit": 1, "before": page["before"]})).json()
        assert [(each["eventId"], each["linked"]) for each in rest["events"]] == [("evt_1", False)]
        unlinked = (await boss.get("/membership/events", params={"unlinked": True})).json()
        assert [each["subscriptionId"] for each in unlinked["events"]] == ["sub_1"]
        assert "alice" not in json.dumps(page).lower()
        link = {"subscriptionId": "sub_1", "accountId": account, "reason": "she wrote to us"}
        for wrong, status in (
            ({**link, "checkoutId": "cs_2"}, 422), ({**link, "subscriptionId": None}, 422), ({**link, "reason": ""}, 422),
            ({**link, "accountId": "alice"}, 400), ({**link, "accountId": new_id()}, 404),
            ({**link, "subscriptionId": "sub_9"}, 404),
        ):  # fmt: skip
            assert (await boss.post("/membership/links", json=wrong)).status_code == status, wrong
        linked = await boss.post("/membership/links", json=link)
        assert (linked.status_code, linked.json()["tier"]) == (200, "partner")
        assert (await boss.get("/membership/events", params={"unlinked": True})).json() == {"events": [], "before": None}
    async with await operator("membership:read") as reader:
        assert (await reader.post("/membership/links", json=link)).status_code == 403
        assert (await reader.get("/membership/me")).status_code == 403
