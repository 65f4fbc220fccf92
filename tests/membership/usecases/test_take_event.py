"""On real Postgres: each event takes effect once, whole or not at all, and no role is ever touched by it."""

import random

import pytest
import sqlalchemy as sa

from ruach_studio.infra.audit import list_decisions, verify_chain
from ruach_studio.infra.context import new_id
from ruach_studio.infra.outbox import Consumer, Relay
from ruach_studio.kernel.errors import NotFound
from ruach_studio.membership.billing import Keys
from ruach_studio.membership.store import ledger, tables
from ruach_studio.membership.stripe_events import read_event
from ruach_studio.membership.usecases import take_event as module
from ruach_studio.membership.usecases.link_account import link_account
from ruach_studio.membership.usecases.list_events import list_events
from ruach_studio.membership.usecases.read_standing import read_standing
from ruach_studio.membership.usecases.recompute_decisions import recompute_decisions
from ruach_studio.membership.usecases.refresh_standings import refresh_standings

take_event = module.take_event


@pytest.fixture
def take(services):
    async def taking(told):
        return await take_event(services, read_event(told), payload_sha256="0" * 64)

    return taking


async def rows_of(database, *names):
    found = {}
    async with database.connection() as conn:
        for name in names:
            table = tables.METADATA.tables[f"membership.{name}"]
            found[name] = (await conn.execute(sa.select(table).order_by(*table.primary_key))).all()
    return found


async def count(database, table):
    async with database.connection() as conn:
        schema, name = table.split(".")
        return (await conn.execute(sa.select(sa.func.count()).select_from(sa.table(name, schema=schema)))).scalar_one()


STATE = ("customer", "subscription", "purchase")


async def test_a_membership_begins_rises_and_ends(services, take, stripe, make_account):
    account = await make_account("member")
    steps = [
        (stripe.checkout("evt_1", reference=account), None),
        (stripe.subscription("evt_2", "created", status="incomplete"), None),
        (stripe.subscription("evt_3", "updated", at=stripe.t0 + 1), "partner"),
        (stripe.subscription("evt_4", "updated", at=stripe.t0 + 2, price="price_ste"), "steward"),
        (stripe.subscription("evt_5", "updated", at=stripe.t0 + 3, price="price_ste", status="past_due"), "steward"),
        (stripe.subscription("evt_6", "paused", at=stripe.t0 + 4, price="price_ste", status="paused"), "steward"),
        (stripe.subscription("evt_7", "resumed", at=stripe.t0 + 5, price="price_sup"), "supporter"),
        (stripe.subscription("evt_8", "deleted", at=stripe.t0 + 6, price="price_sup"), None),
    ]
    for told, tier in steps:
        taken = await take(told)
        assert (taken.effect, taken.linked) == ("applied", True)
        assert (await read_standing(services, account)).standing.tier == tier
    heard = []

    async def hear(_tx, envelope):
        heard.append((envelope.payload["previousTier"], envelope.payload["tier"], envelope.payload["access"]))

    await Relay(services.database, [Consumer("test", {"membership.entitlement.changed"}, hear)]).drain()
    assert heard == [
        (None, "partner", "full"), ("partner", "steward", "leader"), ("steward", "supporter", "basic"),
        ("supporter", None, "none"),
    ]  # fmt: skip
    async with services.database.connection() as conn:
        decisions = await list_decisions(conn, subject=f"membership:{account}")
        moves = (await conn.execute(sa.text(
            "SELECT entity, from_state, to_state, actor FROM platform.transition_audit"
            " WHERE entity IN ('subscription', 'membership') ORDER BY seq"
        ))).all()  # fmt: skip
        assert await verify_chain(conn) == []
    assert [each["result"]["decision"] for each in decisions] == ["none", "supporter", "steward", "partner"]
    assert await recompute_decisions(services, [each["result"] for each in decisions]) == []
    assert [tuple(move) for move in moves if move.entity == "membership"] == [
        ("membership", "none", "partner", "stripe:evt_3"), ("membership", "partner", "steward", "stripe:evt_4"),
        ("membership", "steward", "supporter", "stripe:evt_7"), ("membership", "supporter", "none", "stripe:evt_8"),
    ]  # fmt: skip
    assert [move.to_state for move in moves if move.entity == "subscription"] == [
        "incomplete", "active", "past_due", "paused", "active", "canceled",
    ]  # fmt: skip


async def test_a_repeated_event_finds_its_ledger_row(services, take, stripe, make_account):
    account = await make_account("member")
    told = stripe.subscription("evt_1", "created", account=account)
    assert (await take(told)).effect == "applied"
    before = await rows_of(services.database, *STATE, "stripe_event", "standing")
    for _ in range(3):
        assert (await take({**told, "pending_webhooks": 0})).effect == "repeated"
    assert await rows_of(services.database, *STATE, "stripe_event", "standing") == before
    assert await count(services.database, "platform.outbox") == 1


async def test_any_order_with_repeats_leaves_the_same_rows(services, take, stripe, make_account, database):
    alice, bob = await make_account("member"), await make_account("operator")
    story = [
        stripe.checkout("evt_01", reference=alice),
        stripe.subscription("evt_02", "created", status="incomplete"),
        stripe.subscription("evt_03", "updated"),
        stripe.invoice("evt_04"),
        stripe.subscription("evt_05", "updated", at=stripe.t0 + 9, price="price_bui"),
        stripe.subscription("evt_06", "created", at=stripe.t0 + 3, sub="sub_2", price="price_sup"),
        stripe.checkout("evt_07", at=stripe.t0 + 4, session="cs_2", sub="sub_2", reference=bob),
        stripe.checkout("evt_08", at=stripe.t0 + 5, session="cs_3", mode="payment", paid="unpaid", courseId="hebrew"),
        stripe.checkout("evt_09", at=stripe.t0 + 6, session="cs_3", mode="payment", verb="async_payment_succeeded",
                        courseId="hebrew"),
        stripe.checkout("evt_10", at=stripe.t0 + 7, session="cs_4", mode="payment", customer=None),
        stripe.subscription("evt_11", "deleted", at=stripe.t0 + 8, sub="sub_2"),
        stripe.event("evt_12", "price.updated", {"id": "price_par"}),
    ]  # fmt: skip
    ends, shuffle = [], random.Random(7)
    for _ in range(6):
        async with database.transaction() as tx:
            await tx.execute(sa.text("ALTER TABLE membership.stripe_event DISABLE TRIGGER USER"))
            await tx.execute(sa.text("TRUNCATE membership.stripe_event, membership.customer, membership.subscription,"
                                     " membership.purchase, membership.standing"))  # fmt: skip
            await tx.execute(sa.text("ALTER TABLE membership.stripe_event ENABLE TRIGGER USER"))
        for told in shuffle.sample(story, len(story)) + shuffle.sample(story, 3):
            await take(told)
        standings = [(await read_standing(services, each)).standing for each in (alice, bob)]
        ends.append((await rows_of(database, *STATE), standings))
        assert await count(database, "membership.stripe_event") == len(story)
    assert all(end == ends[0] for end in ends)
    assert [(each.tier, each.courses) for each in ends[0][1]] == [("builder", ()), (None, ("hebrew",))]


async def test_an_error_after_the_ledger_row_leaves_nothing(services, take, stripe, make_account, monkeypatch):
    account = await make_account("member")

    async def broken(*_args, **_more):
        async with services.database.connection() as conn:  # the row is written, but in no other transaction's sight
            assert await ledger.effect_of(conn, "evt_1") is None
        raise RuntimeError("killed here")

    told = stripe.subscription("evt_1", "created", account=account)
    whole = module.settle_standing
    monkeypatch.setattr(module, "settle_standing", broken)
    with pytest.raises(RuntimeError, match="killed here"):
        await take(told)
    found = await rows_of(services.database, *STATE, "stripe_event", "standing")
    assert not any(found.values())
    assert await count(services.database, "platform.outbox") == 0
    monkeypatch.setattr(module, "settle_standing", whole)
    assert (await take(told)).effect == "applied"
    assert (await read_standing(services, account)).standing.tier == "partner"


async def test_the_ledger_is_a_fact(services, take, stripe):
    await take(stripe.event("evt_1", "price.updated", {}))
    for change in ("UPDATE membership.stripe_event SET effect = 'stale'", "DELETE FROM membership.stripe_event"):
        with pytest.raises(sa.exc.DBAPIError, match="never change"):
            async with services.database.transaction() as tx:
                await tx.execute(sa.text(change))


@pytest.mark.parametrize("roles", [("operator",), ("admin",), ("operator", "member"), ("member",)])
async def test_no_role_is_given_or_taken(services, take, stripe, make_account, roles):
    account = await make_account(*roles)
    async with services.database.connection() as conn:
        before = (await conn.execute(sa.text("SELECT xmin::text, * FROM platform.account"))).all()
    await take(stripe.subscription("evt_1", "created", account=account))
    await take(stripe.subscription("evt_2", "deleted", account=account, at=stripe.t0 + 1))
    async with services.database.connection() as conn:
        assert (await conn.execute(sa.text("SELECT xmin::text, * FROM platform.account"))).all() == before
    assert (await read_standing(services, account)).standing.tier is None


async def test_what_names_no_account_is_kept_and_shown_and_linked_by_an_operator(services, take, stripe, make_account):
    account = await make_account("member")
    assert (await take(stripe.subscription("evt_1", "created"))).linked is False
    nobody = {"customer": "cus_2", "account": new_id()}
    assert (await take(stripe.subscription("evt_2", "created", sub="sub_2", **nobody))).linked is False
    guest = {"mode": "payment", "customer": None}
    assert (await take(stripe.checkout("evt_3", session="cs_3", courseId="greek", **guest))).linked is False
    assert (await take(stripe.checkout("evt_4", session="cs_4", **guest))).linked is None
    assert [row.event_id for row in await list_events(services, unlinked=True)] == ["evt_3", "evt_2", "evt_1"]
    why = {"actor": "session:boss", "reason": "she wrote to us"}
    await link_account(services, Keys(checkout_id="cs_3"), account, **why)
    await link_account(services, Keys(subscription_id="sub_1"), account, **why)
    standing = (await read_standing(services, account)).standing
    assert (standing.tier, standing.courses) == ("partner", ("greek",))
    assert [row.event_id for row in await list_events(services, unlinked=True)] == ["evt_2"]
    with pytest.raises(NotFound, match="no such subscription"):
        await link_account(services, Keys(subscription_id="sub_9"), account, **why)
    with pytest.raises(NotFound, match="no such account"):
        await link_account(services, Keys(subscription_id="sub_2"), new_id(), **why)
    # a later event of Stripe's does not undo the operator's word, also where it names another
    other = await make_account("member")
    await take(stripe.subscription("evt_5", "updated", at=stripe.t0 + 5, price="price_ste", account=other))
    assert (await read_standing(services, account)).standing.tier == "steward"
    assert (await read_standing(services, other)).standing.tier is None


async def test_a_new_mapping_of_prices_takes_effect_on_the_next_start(services, take, stripe, make_account):
    account = await make_account("member")
    await take(stripe.subscription("evt_1", "created", account=account, price="price_new"))
    assert await refresh_standings(services) == 0
    services.settings.stripe_tiers["price_new"] = "steward"
    assert (await refresh_standings(services), await refresh_standings(services)) == (1, 0)
    assert await count(services.database, "platform.outbox") == 1
    del services.settings.stripe_tiers["price_new"]


async def test_an_older_event_is_in_the_ledger_and_changes_nothing(services, take, stripe, make_account):
    account = await make_account("member")
    await take(stripe.subscription("evt_2", "updated", at=stripe.t0 + 5, account=account))
    before = await rows_of(services.database, *STATE, "standing")
    assert (await take(stripe.subscription("evt_1", "created", status="incomplete"))).effect == "stale"
    assert await rows_of(services.database, *STATE, "standing") == before
    assert [(row.event_id, row.effect) for row in await list_events(services)] == [("evt_1", "stale"), ("evt_2", "applied")]
