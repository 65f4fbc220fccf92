"""A subscribing operator stays an operator, also after cancelling; a member sees their own standing and no other's."""

import json

import pytest
from stripe import WebhookSignature

from ruach_studio.infra.settings import load_settings

SECRET = "whsec_test_of_the_whole"


@pytest.fixture
def services(services, tmp_path):
    settings = load_settings(
        data_dir=tmp_path / "data", public_url=services.settings.public_url, stripe_webhook_secret=SECRET,
        stripe_tiers={"price_par": "partner"},
    )  # fmt: skip
    return type(services)(settings, services.database, services.queue, services.store, services.clock)


async def tell(client, event_id, verb, account, at):
    told = {"id": event_id, "object": "event", "type": f"customer.subscription.{verb}", "created": at, "data": {"object": {
        "id": f"sub_{account[:8]}", "customer": f"cus_{account[:8]}", "status": "active", "metadata": {"accountId": account},
        "items": {"data": [{"price": {"id": "price_par"}}]},
    }}}  # fmt: skip
    body = json.dumps(told)
    header = WebhookSignature.generate_signature_header(body, SECRET)
    answer = await client.post("/webhooks/stripe", content=body, headers={"stripe-signature": header})
    assert (answer.status_code, answer.json()["effect"]) == (200, "applied"), answer.text


async def test_a_subscribing_operator_stays_an_operator_and_so_after_cancelling(caller):
    operator, stranger = await caller("operator"), await caller()
    me = (await operator.get("/membership/me")).json()
    assert (me["tier"], me["access"], me["reasons"]) == (None, "none", ["no subscription and no course"])
    for number, (verb, tier) in enumerate((("created", "partner"), ("deleted", None))):
        await tell(stranger, f"evt_{number}", verb, me["accountId"], 100 + number)
        now = (await operator.get("/membership/me")).json()
        assert (now["tier"], (await operator.get("/auth/me")).json()["roles"]) == (tier, ["operator"])
        assert (await operator.get("/sessions")).status_code == 200
        assert (await operator.get("/membership/events")).status_code == 200


async def test_a_member_sees_their_own_standing_only(caller):
    member, operator, stranger = await caller("member"), await caller("operator"), await caller()
    account = (await member.get("/membership/me")).json()["accountId"]
    await tell(stranger, "evt_1", "created", account, 100)
    mine = (await member.get("/membership/me", params={"accountId": "other", "userId": "other"})).json()
    assert (mine["accountId"], mine["tier"], mine["access"]) == (account, "partner", "full")
    assert mine["entitlements"] == ["media_library", "all_courses", "live_sessions"]
    assert (await operator.get("/membership/me", params={"accountId": account})).json()["tier"] is None
    assert (await stranger.get("/membership/me")).status_code == 401
    assert (await member.get("/membership/events")).status_code == 403
    assert (await member.post("/membership/links", json={})).status_code == 403
