"""What membership tells the others: what an account may use has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class MembershipEntitlementChanged:
    """An account's tier, entitlements or courses are now these. `tier` is None for no membership; `courses` were bought."""

    event_type: ClassVar[str] = "membership.entitlement.changed"
    version: ClassVar[int] = 1

    account_id: str
    tier: str | None
    previous_tier: str | None
    access: str
    entitlements: tuple[str, ...]
    courses: tuple[str, ...]
    reasons: tuple[str, ...]

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "accountId": self.account_id, "tier": self.tier, "previousTier": self.previous_tier, "access": self.access,
            "entitlements": list(self.entitlements), "courses": list(self.courses), "reasons": list(self.reasons),
        }  # fmt: skip
