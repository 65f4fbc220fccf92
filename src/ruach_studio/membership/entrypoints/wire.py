"""The words of membership's HTTP interface."""

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from ruach_studio.membership.billing import Effect, Subscription
from ruach_studio.membership.entitlements import Access, Tier
from ruach_studio.membership.store.ledger import LedgerRow
from ruach_studio.membership.usecases.read_standing import ShownStanding


class Wire(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class TakenOut(Wire):
    """What an event did: `applied`, `stale` (an older one), `ignored` (not our concern) or `repeated`."""

    received: Literal[True] = True
    effect: Effect | Literal["repeated"]
    linked: bool | None


class LinkRequest(Wire):
    """Whose a subscription or a checkout is, and why an operator says so."""

    subscription_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,255}$")
    checkout_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,255}$")
    account_id: str
    reason: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.subscription_id is None) == (self.checkout_id is None):
            raise ValueError("name either subscriptionId or checkoutId")
        return self


class SubscriptionOut(Wire):
    """One subscription. `status` is Stripe's word; None until Stripe has shown it."""

    subscription_id: str
    status: str | None
    period_end: datetime | None
    paid_through: datetime | None
    cancel_at_period_end: bool


class StandingOut(Wire):
    """What the caller may use. `tier` None: no membership that counts."""

    account_id: str
    tier: Tier | None
    access: Access
    entitlements: list[str]
    courses: list[str]
    reasons: list[str]
    subscriptions: list[SubscriptionOut]


class EventOut(Wire):
    """One ledger row. `linked` is as of now; None where nothing is owed to anybody."""

    seq: int
    event_id: str
    event_type: str
    created: datetime | None
    received_at: datetime
    effect: Effect
    customer_id: str | None
    subscription_id: str | None
    checkout_id: str | None
    account_id: str | None
    linked: bool | None
    notes: list[str]
    payload_sha256: str


class EventsOut(Wire):
    """A page of the ledger, newest first; `before` of the next page, None on the last."""

    events: list[EventOut]
    before: int | None


def standing_out(account_id: str, shown: ShownStanding) -> StandingOut:
    """Return the wire form of a standing."""
    standing = shown.standing
    return StandingOut(
        account_id=account_id, tier=standing.tier, access=standing.access, entitlements=list(standing.entitlements),
        courses=list(standing.courses), reasons=list(shown.reasons),
        subscriptions=[_subscription_out(each) for each in shown.subscriptions],
    )  # fmt: skip


def _subscription_out(held: Subscription) -> SubscriptionOut:
    snapshot, paid = held.snapshot, held.paid
    return SubscriptionOut(
        subscription_id=held.subscription_id,
        status=snapshot.status if snapshot else None,
        period_end=_time(snapshot.period_end if snapshot else None),
        paid_through=_time(paid.through if paid else None),
        cancel_at_period_end=snapshot is not None and snapshot.cancel_at_period_end,
    )


def events_out(rows: list[LedgerRow], limit: int) -> EventsOut:
    """Return the wire form of a ledger page."""
    shown = [
        EventOut(
            **{name: getattr(row, name) for name in LedgerRow.__slots__ if name not in ("owed", "notes")},
            notes=list(row.notes), linked=row.account_id is not None if row.owed else None,
        )
        for row in rows
    ]  # fmt: skip
    return EventsOut(events=shown, before=rows[-1].seq if len(rows) == limit else None)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
