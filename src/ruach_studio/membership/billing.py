"""Turn one event's facts and what is known so far into what is known now, whatever order events arrive in.

Everything known is a set of registers: a subscription's newest snapshot, its newest checkout, its newest paid invoice, a
customer's newest checkout, a purchase's newest word. Each keeps the fact with the greatest stamp (Stripe's `created`;
within one second a deletion beats an update beats a creation, then the status further along, then the event id). So any
order, and any repetition, of the same events ends in the same state; an older event changes nothing.

Whom it belongs to is looked up last, by `claims`, never by e-mail: an operator's word, the subscription's own metadata,
its checkout, its customer's checkout, another subscription of the same customer. Of two updates of
one second that show the same status nobody can tell the later one; Stripe's next event settles it.
Counterparts: stripe_events.py reads the facts; entitlements.py says what they entitle to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from ruach_studio.membership.stripe_events import (
    CheckoutFacts,
    Facts,
    InvoiceFacts,
    Kind,
    Settled,
    Stamp,
    StripeEvent,
    SubscriptionFacts,
)

Effect = Literal["applied", "stale", "ignored"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the newest subscription event showed."""

    status: str
    price_ids: tuple[str, ...]
    account_claim: str | None
    period_end: int | None
    cancel_at_period_end: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Claim:
    """The account that a checkout named."""

    account_id: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Paid:
    """Until when (Unix seconds) the newest paid invoice reaches."""

    through: int
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Subscription:
    """All that is known of one subscription; a part is None until an event brought it."""

    subscription_id: str
    customer_id: str | None = None
    snapshot: Snapshot | None = None
    claim: Claim | None = None
    paid: Paid | None = None
    operator_account: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """All that is known of one Stripe customer."""

    customer_id: str
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A course bought or a donation given in one checkout."""

    checkout_id: str
    kind: Kind
    customer_id: str | None
    account_claim: str | None
    course_id: str | None
    settled: Settled
    amount: int | None
    currency: str | None
    stamp: Stamp
    operator_account: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored about the things that one event speaks of; None for what was never heard of."""

    customer: Customer | None = None
    subscription: Subscription | None = None
    purchase: Purchase | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The ids that an event speaks of: what has to be loaded before it can be absorbed."""

    customer_id: str | None = None
    subscription_id: str | None = None
    checkout_id: str | None = None


def keys(facts: Facts | None) -> Keys:
    """Return the ids that the facts speak of."""
    if facts is None:
        return Keys()
    checkout_id = facts.checkout_id if isinstance(facts, CheckoutFacts) else None
    return Keys(facts.customer_id, facts.subscription_id, checkout_id)


def absorb(known: Known, event: StripeEvent) -> tuple[Known, Effect]:
    """Return what is known after the event, and whether it changed that; `known` must hold what `keys` names."""
    facts, stamp = event.facts, event.stamp
    if facts is None:
        return known, "ignored"
    after = known
    if facts.subscription_id is not None:
        before = known.subscription or Subscription(facts.subscription_id)
        after = replace(after, subscription=_subscription(before, facts, stamp))
    if isinstance(facts, CheckoutFacts):
        after = replace(
            after, customer=_customer(known.customer, facts, stamp), purchase=_purchase(known.purchase, facts, stamp)
        )
    return after, "stale" if after == known else "applied"


def claims(subscription: Subscription, customer: Customer | None, siblings: Iterable[Subscription]) -> list[str]:
    """Return the accounts that a subscription may belong to, the surest first; `siblings` share its customer."""
    shown = subscription.snapshot.account_claim if subscription.snapshot else None
    own = [subscription.operator_account, shown, _account(subscription.claim)]
    return _distinct([*own, *_customer_claims(customer, siblings)])


def purchase_claims(purchase: Purchase, customer: Customer | None, siblings: Iterable[Subscription]) -> list[str]:
    """Return the accounts that a purchase may belong to, the surest first; `siblings` are its customer's subscriptions."""
    return _distinct([purchase.operator_account, purchase.account_claim, *_customer_claims(customer, siblings)])


def _customer_claims(customer: Customer | None, siblings: Iterable[Subscription]) -> list[str | None]:
    told = [Claim(s.snapshot.account_claim, s.snapshot.stamp) for s in siblings if s.snapshot and s.snapshot.account_claim]
    newest = max(told, key=lambda claim: claim.stamp, default=None)
    return [_account(customer.claim if customer else None), _account(newest)]


def _subscription(known: Subscription, facts: Facts, stamp: Stamp) -> Subscription:
    known = replace(known, customer_id=known.customer_id or facts.customer_id)  # Stripe never moves one to another
    if isinstance(facts, SubscriptionFacts):
        snapshot = Snapshot(
            facts.status, facts.price_ids, facts.account_claim, facts.period_end, facts.cancel_at_period_end, stamp
        )
        return replace(known, snapshot=snapshot) if _is_newer(known.snapshot, stamp) else known
    if isinstance(facts, InvoiceFacts):
        return replace(known, paid=Paid(facts.paid_through, stamp)) if _is_newer(known.paid, stamp) else known
    if facts.account_claim is not None and _is_newer(known.claim, stamp):
        return replace(known, claim=Claim(facts.account_claim, stamp))
    return known


def _customer(known: Customer | None, facts: CheckoutFacts, stamp: Stamp) -> Customer | None:
    if facts.customer_id is None:
        return known
    known = known or Customer(facts.customer_id)
    if facts.account_claim is not None and _is_newer(known.claim, stamp):
        return replace(known, claim=Claim(facts.account_claim, stamp))
    return known


def _purchase(known: Purchase | None, facts: CheckoutFacts, stamp: Stamp) -> Purchase | None:
    if facts.kind == "membership" or not _is_newer(known, stamp):
        return known
    return Purchase(
        facts.checkout_id, facts.kind, facts.customer_id, facts.account_claim, facts.course_id, facts.settled, facts.amount,
        facts.currency, stamp, known.operator_account if known else None,
    )  # fmt: skip


def _is_newer(register: Snapshot | Claim | Paid | Purchase | None, stamp: Stamp) -> bool:
    return register is None or stamp > register.stamp


def _account(claim: Claim | None) -> str | None:
    return None if claim is None else claim.account_id


def _distinct(accounts: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(account for account in accounts if account is not None))
