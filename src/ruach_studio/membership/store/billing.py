"""Turn what is known of customers, subscriptions and purchases into rows and back."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.membership.billing import Claim, Customer, Keys, Known, Paid, Purchase, Snapshot, Subscription
from ruach_studio.membership.store.tables import CUSTOMER, PURCHASE, SUBSCRIPTION
from ruach_studio.membership.stripe_events import Stamp

# A row and the account that it was found to belong to.
OwnedSubscription = tuple[Subscription, str | None]
OwnedPurchase = tuple[Purchase, str | None]


async def load(conn: AsyncConnection, keys: Keys) -> Known:
    """Return what is stored under `keys`."""
    customer = await _rows(conn, CUSTOMER, CUSTOMER.c.customer_id == keys.customer_id)
    subscription = await _rows(conn, SUBSCRIPTION, SUBSCRIPTION.c.subscription_id == keys.subscription_id)
    purchase = await _rows(conn, PURCHASE, PURCHASE.c.checkout_id == keys.checkout_id)
    return Known(
        Customer(customer[0].customer_id, _claim(customer[0].claim)) if customer else None,
        _subscription(subscription[0]) if subscription else None,
        _purchase(purchase[0]) if purchase else None,
    )


async def save(tx: AsyncConnection, known: Known) -> None:
    """Write what is known, new or changed; to whom it belongs is written by `assign`."""
    if (customer := known.customer) is not None:
        await _put(tx, CUSTOMER, {"customer_id": customer.customer_id, "claim": _wire(customer.claim)})
    if (held := known.subscription) is not None:
        await _put(tx, SUBSCRIPTION, {
            "subscription_id": held.subscription_id, "customer_id": held.customer_id, "snapshot": _wire(held.snapshot),
            "claim": _wire(held.claim), "paid": _wire(held.paid), "operator_account": held.operator_account,
        })  # fmt: skip
    if (bought := known.purchase) is not None:
        await _put(tx, PURCHASE, {
            "checkout_id": bought.checkout_id, "customer_id": bought.customer_id, "kind": bought.kind,
            "facts": _wire(bought),
        })  # fmt: skip


async def touched(
    conn: AsyncConnection, keys: Keys, customer_id: str | None
) -> tuple[Customer | None, list[OwnedSubscription], list[OwnedPurchase]]:
    """Return the customer and all that is theirs, and what `keys` names even if it is nobody's."""
    customer = (await load(conn, Keys(customer_id=customer_id))).customer
    own, bought = SUBSCRIPTION.c.subscription_id == keys.subscription_id, PURCHASE.c.checkout_id == keys.checkout_id
    if customer_id is not None:  # else the database would look for every thing that is nobody's
        own, bought = own | (SUBSCRIPTION.c.customer_id == customer_id), bought | (PURCHASE.c.customer_id == customer_id)
    subscriptions, purchases = await _rows(conn, SUBSCRIPTION, own), await _rows(conn, PURCHASE, bought)
    return (
        customer,
        [(_subscription(row), row.account_id) for row in subscriptions],
        [(_purchase(row), row.account_id) for row in purchases],
    )


async def assign(tx: AsyncConnection, thing: Subscription | Purchase, account_id: str | None) -> None:
    """Write to whom a subscription or a purchase belongs."""
    if isinstance(thing, Subscription):
        change = sa.update(SUBSCRIPTION).where(SUBSCRIPTION.c.subscription_id == thing.subscription_id)
    else:
        change = sa.update(PURCHASE).where(PURCHASE.c.checkout_id == thing.checkout_id)
    await tx.execute(change.values(account_id=account_id))


async def of_account(conn: AsyncConnection, account_id: str) -> tuple[list[Subscription], list[Purchase]]:
    """Return all that belongs to an account."""
    subscriptions = await _rows(conn, SUBSCRIPTION, SUBSCRIPTION.c.account_id == account_id)
    purchases = await _rows(conn, PURCHASE, PURCHASE.c.account_id == account_id)
    return [_subscription(row) for row in subscriptions], [_purchase(row) for row in purchases]


async def accounts(conn: AsyncConnection) -> list[str]:
    """Return every account that something belongs to, in order."""
    owners = sa.union(sa.select(SUBSCRIPTION.c.account_id), sa.select(PURCHASE.c.account_id)).subquery()
    found = await conn.execute(sa.select(owners.c.account_id).where(owners.c.account_id.is_not(None)))
    return sorted(found.scalars())


async def _rows(conn: AsyncConnection, table: sa.Table, condition: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
    key = next(iter(table.primary_key))
    return (await conn.execute(sa.select(table).where(condition).order_by(key))).all()


async def _put(tx: AsyncConnection, table: sa.Table, values: dict[str, Any]) -> None:
    key = next(iter(table.primary_key)).name
    changes = {name: value for name, value in values.items() if name != key}
    await tx.execute(upsert(table).values(values).on_conflict_do_update(index_elements=[key], set_=changes))


def _wire(value: Snapshot | Claim | Paid | Purchase | None) -> dict[str, Any] | None:
    return None if value is None else asdict(value)


def _subscription(row: sa.Row[Any]) -> Subscription:
    snapshot = None
    if row.snapshot is not None:
        parts = {**row.snapshot, "price_ids": tuple(row.snapshot["price_ids"]), "stamp": Stamp(**row.snapshot["stamp"])}
        snapshot = Snapshot(**parts)
    paid = None if row.paid is None else Paid(row.paid["through"], Stamp(**row.paid["stamp"]))
    return Subscription(row.subscription_id, row.customer_id, snapshot, _claim(row.claim), paid, row.operator_account)


def _purchase(row: sa.Row[Any]) -> Purchase:
    return Purchase(**{**row.facts, "stamp": Stamp(**row.facts["stamp"])})


def _claim(wire: dict[str, Any] | None) -> Claim | None:
    return None if wire is None else Claim(wire["account_id"], Stamp(**wire["stamp"]))
