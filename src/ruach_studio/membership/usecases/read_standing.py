"""Turn an account into what it may use and why, and what it pays for."""

from collections.abc import Sequence
from dataclasses import dataclass

from ruach_studio.membership.billing import Purchase, Subscription
from ruach_studio.membership.entitlements import Standing, entitled
from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import billing


@dataclass(frozen=True, slots=True)
class ShownStanding:
    """A standing with its reasons and the subscriptions and purchases that it follows from."""

    standing: Standing
    reasons: tuple[str, ...]
    subscriptions: Sequence[Subscription]
    purchases: Sequence[Purchase]


async def read_standing(services: MembershipServices, account_id: str) -> ShownStanding:
    """Return what an account may use; one that never paid may use nothing, which is no error."""
    async with services.database.connection() as conn:
        subscriptions, purchases = await billing.of_account(conn, account_id)
    found = entitled(subscriptions, purchases, services.settings.stripe_tiers)
    return ShownStanding(found.standing, found.verdict.reasons, subscriptions, purchases)
