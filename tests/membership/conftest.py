"""Stripe events as Stripe shapes them, and the pieces that take them."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ruach_studio.infra.auth.accounts import create_account
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.settings import Settings, load_settings

TIERS = {"price_sup": "supporter", "price_par": "partner", "price_bui": "builder", "price_ste": "steward"}
SECRET = "whsec_test_of_membership"
T0 = 1_790_000_000
ALICE, BOB = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

Event = dict[str, object]


def event(event_id: str, event_type: str, body: Event, at: int = T0) -> Event:
    """Return an event envelope of Stripe's snapshot kind."""
    return {
        "id": event_id, "object": "event", "api_version": "2026-09-30.clover", "created": at, "livemode": False,
        "pending_webhooks": 1, "type": event_type, "request": {"id": None, "idempotency_key": None},
        "data": {"object": body},
    }  # fmt: skip


def subscription(
    event_id: str, verb: str, *, at: int = T0, sub: str = "sub_1", customer: str = "cus_1", status: str = "active",
    price: str = "price_par", account: str | None = None, period_end: int = T0 + 2_592_000,
) -> Event:  # fmt: skip
    """Return customer.subscription.<verb>."""
    item = {"id": f"si_{sub}", "object": "subscription_item", "price": {"id": price, "object": "price"},
            "current_period_end": period_end}  # fmt: skip
    return event(event_id, f"customer.subscription.{verb}", {
        "id": sub, "object": "subscription", "customer": customer, "status": status, "cancel_at_period_end": False,
        "items": {"object": "list", "data": [item], "has_more": False},
        "metadata": {} if account is None else {"accountId": account},
    }, at)  # fmt: skip


def checkout(
    event_id: str, *, at: int = T0, session: str = "cs_1", mode: str = "subscription", sub: str | None = "sub_1",
    customer: str | None = "cus_1", reference: str | None = None, paid: str = "paid", verb: str = "completed",
    **metadata: str,
) -> Event:  # fmt: skip
    """Return checkout.session.<verb>; `reference` is the client_reference_id."""
    return event(event_id, f"checkout.session.{verb}", {
        "id": session, "object": "checkout.session", "mode": mode, "customer": customer, "client_reference_id": reference,
        "subscription": sub if mode == "subscription" else None, "payment_status": paid, "amount_total": 4900,
        "currency": "usd", "customer_details": {"email": "alice@example.org", "name": "Alice"}, "metadata": metadata,
    }, at)  # fmt: skip


def invoice(
    event_id: str, *, at: int = T0, sub: str | None = "sub_1", customer: str = "cus_1", end: int = T0 + 2_592_000
) -> Event:
    """Return invoice.paid in the shape of 2025-03-31 and later."""
    details = {"subscription_details": {"subscription": sub, "metadata": {}}, "type": "subscription_details"}
    return event(event_id, "invoice.paid", {
        "id": f"in_{event_id}", "object": "invoice", "customer": customer, "parent": details if sub else None,
        "lines": {"object": "list", "data": [{"id": "il_1", "period": {"start": T0, "end": end}}]},
    }, at)  # fmt: skip


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    clock: SystemClock


@pytest.fixture
def services(database, tmp_path):
    settings = load_settings(data_dir=tmp_path / "data", stripe_tiers=TIERS, stripe_webhook_secret=SECRET)
    with bind(correlation_id=new_id()):
        yield Services(settings, database, SystemClock())


@pytest.fixture
def make_account(database) -> Callable[..., object]:
    """Create an account with the given roles; return its id."""

    async def make(*roles: str) -> str:
        with bind(correlation_id=new_id()):
            async with database.transaction() as tx:
                made = await create_account(tx, f"{new_id()}@example.org", "correct horse battery", roles)
        return made.account_id

    return make


@pytest.fixture(scope="session")
def stripe():
    """The makers of events, for tests that cannot import this file."""
    return _Stripe


class _Stripe:
    event, subscription, checkout, invoice = map(staticmethod, (event, subscription, checkout, invoice))
    tiers, secret, t0, alice, bob = TIERS, SECRET, T0, ALICE, BOB
