"""Turn what belongs to an account into its standing; record and announce it if it changed."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.membership import MembershipEntitlementChanged
from ruach_studio.infra.audit import record_decision, record_transition
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import publish
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.membership.entitlements import Standing, entitled
from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import billing, standings

log = get_logger(__name__)


async def settle_standing(
    services: MembershipServices, tx: AsyncConnection, account_id: str, *, actor: str, at: datetime
) -> Standing:
    """Return what the account may use from now on. Only membership's own tables change: roles are none of its business."""
    before = await standings.get(tx, account_id)
    subscriptions, purchases = await billing.of_account(tx, account_id)
    found = entitled(subscriptions, purchases, services.settings.stripe_tiers)
    after, verdict = found.standing, found.verdict
    if after == before:
        return after
    await standings.put(tx, account_id, after, at)
    await publish(tx, MembershipEntitlementChanged(
        account_id, after.tier, before.tier, after.access, after.entitlements, after.courses, verdict.reasons
    ))  # fmt: skip
    result = DecisionResult(verdict, at, require_correlation_id())
    await record_decision(tx, result, subject=f"membership:{account_id}", inputs=found.inputs)
    if after.tier != before.tier:
        await record_transition(
            tx, entity="membership", entity_id=account_id, from_state=before.tier or "none", to_state=after.tier or "none",
            actor=actor, reason="; ".join(verdict.reasons),
        )  # fmt: skip
    log.info("membership.changed", account_id=account_id, tier=after.tier, previous_tier=before.tier)
    return after
