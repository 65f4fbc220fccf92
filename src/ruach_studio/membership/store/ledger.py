"""Write and read the ledger of Stripe's events: the proof that each took effect at most once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.membership.billing import Effect, keys
from ruach_studio.membership.store.tables import PURCHASE, STRIPE_EVENT, SUBSCRIPTION
from ruach_studio.membership.stripe_events import StripeEvent

# Billing events are few, and the audit takes turns anyway: one at a time is the whole of the locking.
_TURN = sa.text("SELECT pg_advisory_xact_lock(7022002)")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One event as it was taken. `owed` says that it brought a subscription or a course; `account_id` to whom, now."""

    seq: int
    event_id: str
    event_type: str
    created: datetime | None
    received_at: datetime
    effect: Effect
    customer_id: str | None
    subscription_id: str | None
    checkout_id: str | None
    notes: Sequence[str]
    payload_sha256: str
    account_id: str | None
    owed: bool


async def take_turn(tx: AsyncConnection) -> None:
    """Wait until no other transaction takes an event; the turn ends with the transaction."""
    await tx.execute(_TURN)


async def effect_of(conn: AsyncConnection, event_id: str) -> Effect | None:
    """Return what the event did when it was taken; None if it was not."""
    found = await conn.execute(sa.select(STRIPE_EVENT.c.effect).where(STRIPE_EVENT.c.event_id == event_id))
    effect: Effect | None = found.scalar_one_or_none()
    return effect


async def insert(
    tx: AsyncConnection, event: StripeEvent, *, effect: Effect, at: datetime, payload_sha256: str, correlation_id: str
) -> None:
    """Write the event's row."""
    ids = keys(event.facts)
    await tx.execute(STRIPE_EVENT.insert().values(
        event_id=event.event_id, event_type=event.event_type, received_at=at, effect=effect,
        created=None if event.created is None else datetime.fromtimestamp(event.created, UTC),
        customer_id=ids.customer_id, subscription_id=ids.subscription_id, checkout_id=ids.checkout_id,
        notes=list(event.notes), payload_sha256=payload_sha256, correlation_id=correlation_id,
    ))  # fmt: skip


async def page(conn: AsyncConnection, *, unlinked: bool, before: int | None, limit: int) -> list[LedgerRow]:
    """Return the newest rows below `before`; with `unlinked` only those whose subscription or course has no account.

    A donation is owed to nobody, so it counts as unlinked never.
    """
    course = sa.and_(PURCHASE.c.checkout_id == STRIPE_EVENT.c.checkout_id, PURCHASE.c.kind == "course")
    owner = sa.func.coalesce(SUBSCRIPTION.c.account_id, PURCHASE.c.account_id)
    owed = sa.or_(SUBSCRIPTION.c.subscription_id.is_not(None), PURCHASE.c.checkout_id.is_not(None))
    columns = [STRIPE_EVENT.c[name] for name in LedgerRow.__slots__ if name in STRIPE_EVENT.c]
    statement = sa.select(*columns, owner.label("account_id"), owed.label("owed")).select_from(
        STRIPE_EVENT.outerjoin(SUBSCRIPTION, SUBSCRIPTION.c.subscription_id == STRIPE_EVENT.c.subscription_id)
        .outerjoin(PURCHASE, course)
    )  # fmt: skip
    if unlinked:
        statement = statement.where(owed, owner.is_(None))
    if before is not None:
        statement = statement.where(STRIPE_EVENT.c.seq < before)
    rows: list[dict[str, Any]] = [
        dict(row) for row in (await conn.execute(statement.order_by(STRIPE_EVENT.c.seq.desc()).limit(limit))).mappings()
    ]
    return [LedgerRow(**row) for row in rows]
