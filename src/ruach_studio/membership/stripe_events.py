"""Turn a Stripe event (a plain, already verified object) into the few facts that membership keeps of it.

Only ids, states, times and amounts are read: names, e-mail addresses and cards never leave this module. Every text is
checked by form, so that what is stored is one line of ASCII. Both shapes are read where Stripe moved a field
(a subscription's period end, an invoice's subscription: API 2025-03-31). Counterpart: billing.py keeps the facts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ruach_studio.kernel.errors import Malformed

Settled = Literal["paid", "unpaid", "failed"]
Kind = Literal["membership", "course", "donation"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TYPE = re.compile(r"[a-z0-9_.]{1,255}")
_ACCOUNT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COURSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_LAST_SECOND = 253402300799  # the end of the year 9999
_AMOUNT_MAX = 2**53

_SUBSCRIPTION = "customer.subscription."
_SUBSCRIPTION_RANK = {"created": 0, "updated": 10, "paused": 10, "resumed": 10, "deleted": 20}
_CHECKOUT = "checkout.session."
_CHECKOUT_RANK = {"completed": 0, "async_payment_failed": 1, "async_payment_succeeded": 2}
# Of two snapshots of one second, the one further along a subscription's life is the later one.
_STATUS_RANK = ("incomplete", "trialing", "active", "past_due", "unpaid", "paused", "incomplete_expired", "canceled")


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When an event was made, for "which of two is newer": Stripe's second, then what it says, then its id."""

    created: int
    rank: int
    event_id: str


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """A subscription as one event shows it. `account_claim` is our own metadata.accountId; times in Unix seconds."""

    subscription_id: str
    customer_id: str | None
    status: str
    price_ids: tuple[str, ...]
    account_claim: str | None
    period_end: int | None
    cancel_at_period_end: bool


@dataclass(frozen=True, slots=True)
class CheckoutFacts:
    """A finished checkout. A membership's money is told by its subscription; `amount` is in the currency's smallest unit."""

    checkout_id: str
    kind: Kind
    customer_id: str | None
    subscription_id: str | None
    account_claim: str | None
    course_id: str | None
    settled: Settled
    amount: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """A paid invoice of a subscription: until when it is paid."""

    subscription_id: str
    customer_id: str | None
    paid_through: int


Facts = SubscriptionFacts | CheckoutFacts | InvoiceFacts


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """One event: `facts` is None for what membership does not handle; `notes` say what of it was unusable."""

    event_id: str
    event_type: str
    created: int | None
    stamp: Stamp
    facts: Facts | None
    notes: tuple[str, ...] = ()


def read_event(event: Mapping[str, object]) -> StripeEvent:
    """Return the facts of an event. Raises Malformed for an object that is no event; an unhandled type is no error."""
    event_id, event_type = _text(event.get("id"), _ID), _text(event.get("type"), _TYPE)
    if event_id is None or event_type is None:
        raise Malformed("it has no event id or type", subject="Stripe event", remedy="Send Stripe's own event objects.")
    created, notes = _second(event.get("created")), list[str]()
    body = _object(_object(event.get("data")).get("object"))
    facts, rank = None, 0
    if created is None:
        notes.append("it has no time of creation")
    else:
        facts, rank = _facts(event_type, body, notes)
    return StripeEvent(event_id, event_type, created, Stamp(created or 0, rank, event_id), facts, tuple(notes))


def _facts(event_type: str, body: Mapping[str, object], notes: list[str]) -> tuple[Facts | None, int]:
    if event_type.startswith(_SUBSCRIPTION) and event_type.removeprefix(_SUBSCRIPTION) in _SUBSCRIPTION_RANK:
        return _subscription(event_type.removeprefix(_SUBSCRIPTION), body, notes)
    if event_type.startswith(_CHECKOUT) and event_type.removeprefix(_CHECKOUT) in _CHECKOUT_RANK:
        return _checkout(event_type.removeprefix(_CHECKOUT), body, notes)
    if event_type == "invoice.paid":
        return _invoice(body, notes), 0
    return None, 0


def _subscription(verb: str, body: Mapping[str, object], notes: list[str]) -> tuple[Facts | None, int]:
    subscription_id, status = _text(body.get("id"), _ID), _text(body.get("status"), _ID)
    if subscription_id is None or status is None:
        notes.append("the subscription has no id or status")
        return None, 0
    status = "canceled" if verb == "deleted" else status
    items = [_object(item) for item in _list(_object(body.get("items")).get("data"))]
    prices = sorted({price for item in items if (price := _id(item.get("price")) or _id(item.get("plan"))) is not None})
    ends = [end for part in (body, *items) if (end := _second(part.get("current_period_end"))) is not None]
    facts = SubscriptionFacts(
        subscription_id, _id(body.get("customer")), status, tuple(prices), _claim(body, notes), max(ends, default=None),
        body.get("cancel_at_period_end") is True,
    )  # fmt: skip
    return facts, _SUBSCRIPTION_RANK[verb] + (_STATUS_RANK.index(status) if status in _STATUS_RANK else 0)


def _checkout(verb: str, body: Mapping[str, object], notes: list[str]) -> tuple[Facts | None, int]:
    checkout_id, mode = _text(body.get("id"), _ID), body.get("mode")
    if checkout_id is None or mode not in ("payment", "subscription"):
        if mode != "setup":
            notes.append("the checkout has no id or an unknown mode")
        return None, 0
    subscription_id = _id(body.get("subscription"))
    if mode == "subscription" and subscription_id is None:
        notes.append("the checkout names no subscription")
        return None, 0
    told = _object(body.get("metadata")).get("courseId")
    course_id = _text(told, _COURSE)
    if told is not None and course_id is None:
        notes.append("metadata.courseId is no course id")
    paid = verb == "async_payment_succeeded" or body.get("payment_status") in ("paid", "no_payment_required")
    kind: Kind = "membership" if mode == "subscription" else "donation" if told is None else "course"
    amount = body.get("amount_total")
    facts = CheckoutFacts(
        checkout_id, kind, _id(body.get("customer")), subscription_id, _claim(body, notes), course_id,
        "failed" if verb == "async_payment_failed" else "paid" if paid else "unpaid",
        amount if isinstance(amount, int) and not isinstance(amount, bool) and abs(amount) <= _AMOUNT_MAX else None,
        _text(body.get("currency"), _ID),
    )  # fmt: skip
    return facts, _CHECKOUT_RANK[verb]


def _invoice(body: Mapping[str, object], notes: list[str]) -> Facts | None:
    parent = _object(_object(body.get("parent")).get("subscription_details"))
    subscription_id = _id(body.get("subscription")) or _id(parent.get("subscription"))
    lines = [_object(line) for line in _list(_object(body.get("lines")).get("data"))]
    ends = [end for line in lines if (end := _second(_object(line.get("period")).get("end"))) is not None]
    if subscription_id is None or not ends:
        notes.append("the invoice is for no subscription period")
        return None
    return InvoiceFacts(subscription_id, _id(body.get("customer")), max(ends))


def _claim(body: Mapping[str, object], notes: list[str]) -> str | None:
    """Return the account that our own metadata names, or the reference that our link carried; never an e-mail's."""
    told = _object(body.get("metadata")).get("accountId")
    named, told = ("metadata.accountId", told) if told else ("client_reference_id", body.get("client_reference_id"))
    claim = _text(told.strip().lower() if isinstance(told, str) else None, _ACCOUNT)
    if told and claim is None:
        notes.append(f"{named} is no account id")
    return claim


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _id(value: object) -> str | None:
    """Return an id, also of an object that Stripe expanded in place."""
    return _text(value.get("id") if isinstance(value, Mapping) else value, _ID)


def _text(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _second(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SECOND else None
