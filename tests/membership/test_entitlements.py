"""Tiers are cumulative, one set of statuses counts, and every reason is said."""

from itertools import pairwise

import pytest

from ruach_studio.membership.billing import Purchase, Snapshot, Subscription
from ruach_studio.membership.entitlements import (
    ACTIVE_STATUSES,
    ENTITLEMENTS,
    TIERS,
    Standing,
    decide_again,
    entitled,
)
from ruach_studio.membership.stripe_events import Stamp

PRICES = {f"price_{tier}": tier for tier in TIERS}
STAMP = Stamp(1, 0, "evt_1")


def held(tier, status="active", number=1):
    return Subscription(f"sub_{number}", "cus_1", Snapshot(status, (f"price_{tier}",), None, None, False, STAMP))


def bought(course, settled="paid"):
    return Purchase(f"cs_{course}", "course", None, None, course, settled, 100, "usd", STAMP)


def test_five_entitlements_each_tier_holding_those_below():
    assert [len(ENTITLEMENTS[tier]) for tier in TIERS] == [1, 3, 4, 5]
    for lower, higher in pairwise(TIERS):
        assert set(ENTITLEMENTS[lower]) < set(ENTITLEMENTS[higher])
    accesses = [entitled([held(tier)], [], PRICES).standing.access for tier in TIERS]
    assert accesses == ["basic", "full", "leader", "leader"]


def test_exactly_four_statuses_count():
    assert sorted(ACTIVE_STATUSES) == ["active", "past_due", "paused", "trialing"]
    for status in ("trialing", "active", "past_due", "paused"):
        assert entitled([held("partner", status)], [], PRICES).standing.tier == "partner"
    for status in ("incomplete", "incomplete_expired", "unpaid", "canceled", "some_new_word"):
        found = entitled([held("partner", status)], [], PRICES)
        assert found.standing == Standing()
        assert found.verdict.reasons == (f"subscription sub_1 is {status}, which does not count; its tier is partner",)


def test_the_highest_tier_that_counts_is_the_one():
    several = [held("supporter", number=1), held("builder", number=2), held("steward", "canceled", number=3)]
    assert entitled(several, [], PRICES).standing.tier == "builder"
    assert entitled(several[::-1], [], PRICES).verdict == entitled(several, [], PRICES).verdict


def test_an_unmapped_price_entitles_to_nothing_and_says_so():
    found = entitled([held("gold")], [], PRICES)
    assert (found.standing.tier, found.verdict.decision) == (None, "none")
    assert found.verdict.reasons == ("subscription sub_1 is active, which counts; its tier is in no mapping",)


@pytest.mark.parametrize(("settled", "courses"), [("paid", ("hebrew",)), ("unpaid", ()), ("failed", ())])
def test_a_course_is_held_when_it_is_paid_and_without_any_tier(settled, courses):
    found = entitled([], [bought("hebrew", settled)], PRICES)
    assert found.standing == Standing(courses=courses)
    assert found.verdict.reasons == (f"course hebrew is {settled}",)


def test_stored_inputs_give_the_same_decision_and_a_changed_mapping_another_hash():
    found = entitled([held("partner")], [bought("hebrew")], PRICES)
    assert decide_again(found.inputs) == found
    assert found.inputs["tiers"] == {"price_partner": "partner"}
    other = entitled([held("partner")], [bought("hebrew")], {"price_partner": "steward"})
    assert (other.verdict.decision, other.verdict.inputs_hash != found.verdict.inputs_hash) == ("steward", True)


def test_nothing_at_all_is_said_too():
    assert entitled([], [], PRICES).verdict.reasons == ("no subscription and no course",)
