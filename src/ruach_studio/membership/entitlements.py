"""Turn a member's subscriptions and purchases into what they may use, with the reason of each.

Four tiers, each holding all that the ones below it hold:

    supporter  basic   media_library
    partner    full    + all_courses, live_sessions
    builder    leader  + leader_resources
    steward    leader  + steward_circle

A subscription counts while its status is trialing, active, past_due or paused: `ACTIVE_STATUSES` is the only place that
says so. Its prices are mapped to tiers by configuration; the highest tier of all counts. A paid course is held apart from
tiers and stays. A donation entitles to nothing. No clock is read: Stripe says when a subscription ends.
Counterpart: billing.py keeps what Stripe said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.membership.billing import Purchase, Subscription

RULES_VERSION = "entitlements-v1"

Tier = Literal["supporter", "partner", "builder", "steward"]
Access = Literal["none", "basic", "full", "leader"]

TIERS: tuple[Tier, ...] = ("supporter", "partner", "builder", "steward")
ACTIVE_STATUSES = frozenset({"trialing", "active", "past_due", "paused"})
_ACCESS: Mapping[Tier, Access] = {"supporter": "basic", "partner": "full", "builder": "leader", "steward": "leader"}
_ADDED: Mapping[Tier, tuple[str, ...]] = {
    "supporter": ("media_library",),
    "partner": ("all_courses", "live_sessions"),
    "builder": ("leader_resources",),
    "steward": ("steward_circle",),
}
ENTITLEMENTS: Mapping[Tier, tuple[str, ...]] = {
    tier: tuple(name for lower in TIERS[: rank + 1] for name in _ADDED[lower]) for rank, tier in enumerate(TIERS)
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member may use. `courses` are those bought one by one."""

    tier: Tier | None = None
    access: Access = "none"
    entitlements: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitled:
    """A standing with its verdict (decision: the tier, or "none") and exactly the inputs that were hashed."""

    standing: Standing
    verdict: Verdict[str]
    inputs: Mapping[str, object]


def entitled(subscriptions: Iterable[Subscription], purchases: Iterable[Purchase], tiers: Mapping[str, Tier]) -> Entitled:
    """Return what one account may use; `tiers` maps Stripe's price ids. The order of the arguments' items is no matter."""
    held = [
        {"subscriptionId": each.subscription_id, "status": each.snapshot.status, "priceIds": list(each.snapshot.price_ids)}
        for each in sorted(subscriptions, key=lambda each: each.subscription_id)
        if each.snapshot is not None
    ]
    prices = {price for each in held for price in each["priceIds"]}
    bought = [
        {"checkoutId": each.checkout_id, "courseId": each.course_id, "settled": each.settled}
        for each in sorted(purchases, key=lambda each: each.checkout_id)
        if each.course_id is not None
    ]
    return decide_again(
        {"subscriptions": held, "courses": bought, "tiers": {price: tiers[price] for price in sorted(prices & tiers.keys())}}
    )


def decide_again(inputs: Mapping[str, object]) -> Entitled:
    """Run the rule on its stored inputs."""
    held = cast(list[Mapping[str, object]], inputs["subscriptions"])
    bought = cast(list[Mapping[str, object]], inputs["courses"])
    tiers = cast(Mapping[str, Tier], inputs["tiers"])
    reasons, reached = list[str](), set[Tier]()
    for each in held:
        found = _tier_of(cast(list[str], each["priceIds"]), tiers)
        counts = each["status"] in ACTIVE_STATUSES
        reasons.append(
            f"subscription {each['subscriptionId']} is {each['status']}"
            f"{', which counts' if counts else ', which does not count'}; its tier is {found or 'in no mapping'}"
        )
        if counts and found is not None:
            reached.add(found)
    courses = tuple(sorted({str(each["courseId"]) for each in bought if each["settled"] == "paid"}))
    reasons += [f"course {each['courseId']} is {each['settled']}" for each in bought]
    tier = max(reached, key=TIERS.index, default=None)
    standing = Standing(courses=courses)
    if tier is not None:
        standing = Standing(tier, _ACCESS[tier], ENTITLEMENTS[tier], courses)
    decision: str = tier or "none"
    verdict = Verdict(decision, tuple(reasons or ["no subscription and no course"]), inputs_hash(inputs), RULES_VERSION)
    return Entitled(standing, verdict, inputs)


def _tier_of(price_ids: Iterable[str], tiers: Mapping[str, Tier]) -> Tier | None:
    return max((tiers[price] for price in price_ids if price in tiers), key=TIERS.index, default=None)
