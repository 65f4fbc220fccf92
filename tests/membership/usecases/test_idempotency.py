"""Stripe webhook, key the event's id: again, 20 at once or after a lost answer, one ledger row and one effect."""

import asyncio

from sqlalchemy import text

from ruach_studio.membership.stripe_events import read_event
from ruach_studio.membership.usecases.read_standing import read_standing
from ruach_studio.membership.usecases.take_event import take_event

ONE = {"ledger": 1, "subscriptions": 1, "standings": 1, "announced": 1, "moves": 1}


async def effects(database) -> dict[str, int]:
    counted = {
        "ledger": "SELECT count(*) FROM membership.stripe_event",
        "subscriptions": "SELECT count(*) FROM membership.subscription",
        "standings": "SELECT count(*) FROM membership.standing",
        "announced": "SELECT count(*) FROM platform.outbox WHERE event_type = 'membership.entitlement.changed'",
        "moves": "SELECT count(*) FROM platform.transition_audit WHERE entity = 'subscription'",
    }
    async with database.connection() as conn:
        return {name: await conn.scalar(text(query)) for name, query in counted.items()}


async def test_again_20_at_once_and_after_a_lost_answer_one_effect(services, stripe, make_account):
    account = await make_account("member")
    told = read_event(stripe.subscription("evt_1", "created", account=account))

    async def take():
        return (await take_event(services, told, payload_sha256="0" * 64)).effect

    at_once = await asyncio.gather(*(take() for _ in range(20)))
    assert sorted(at_once) == ["applied", *["repeated"] * 19]
    assert await effects(services.database) == ONE
    standing = await read_standing(services, account)
    assert [await take() for _ in range(3)] == ["repeated"] * 3  # Stripe asks again when our 200 was lost
    assert await effects(services.database) == ONE
    assert await read_standing(services, account) == standing
