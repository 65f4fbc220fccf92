"""Turn a verified Stripe event into what it changes, exactly once.

One transaction: the event's ledger row, what is known of the subscription, whom it belongs to, what that account may use,
the audit and the announcement. An event that is in the ledger has had its effect and has none again.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.infra.logging import get_logger
from ruach_studio.membership.billing import Effect, Subscription, absorb, keys
from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import billing, ledger
from ruach_studio.membership.stripe_events import StripeEvent
from ruach_studio.membership.usecases.assign_owners import assign_owners
from ruach_studio.membership.usecases.settle_standing import settle_standing

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the event did. `linked`: what it speaks of belongs to an account; None if it speaks of nothing that is owed."""

    effect: Effect | Literal["repeated"]
    linked: bool | None


async def take_event(services: MembershipServices, event: StripeEvent, *, payload_sha256: str) -> Taken:
    """Take one event; a repeated one changes nothing. Raises DatabaseUnavailable."""
    now, ids, linked = services.clock.now(), keys(event.facts), None
    async with services.database.transaction() as tx:
        await ledger.take_turn(tx)
        if await ledger.effect_of(tx, event.event_id) is not None:
            log.info("billing.event.repeated", event_id=event.event_id, event_type=event.event_type)
            return Taken("repeated", None)
        known = await billing.load(tx, ids)
        after, effect = absorb(known, event)
        await ledger.insert(
            tx, event, effect=effect, at=now, payload_sha256=payload_sha256, correlation_id=require_correlation_id()
        )
        if effect == "applied":
            await billing.save(tx, after)
            linked, touched = await assign_owners(tx, ids, after)
            for account_id in sorted(touched):
                await settle_standing(services, tx, account_id, actor=f"stripe:{event.event_id}", at=now)
            await _record_status(tx, known.subscription, after.subscription, actor=f"stripe:{event.event_id}")
    log.info(
        "billing.event.taken", event_id=event.event_id, event_type=event.event_type, effect=effect, notes=list(event.notes)
    )
    if linked is False:
        log.warning(
            "billing.unlinked", event_id=event.event_id, customer_id=ids.customer_id, subscription_id=ids.subscription_id,
            checkout_id=ids.checkout_id, remedy="Link it with POST /membership/links, or set metadata.accountId in Stripe.",
        )  # fmt: skip
    return Taken(effect, linked)


async def _record_status(
    tx: AsyncConnection, before: Subscription | None, after: Subscription | None, *, actor: str
) -> None:
    was = before.snapshot.status if before and before.snapshot else None
    now = after.snapshot.status if after and after.snapshot else None
    if after is not None and now is not None and was != now:
        await record_transition(
            tx, entity="subscription", entity_id=after.subscription_id, from_state=was, to_state=now, actor=actor
        )
