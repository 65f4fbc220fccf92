"""Only ids, states, times and amounts are read, in every shape that Stripe sends; the rest is refused or noted."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.errors import Malformed
from ruach_studio.membership.stripe_events import CheckoutFacts, InvoiceFacts, SubscriptionFacts, read_event


def test_a_subscription_is_read_with_its_prices_and_period(stripe):
    read = read_event(stripe.subscription("evt_1", "updated", status="past_due", account=stripe.alice.upper()))
    assert read.facts == SubscriptionFacts(
        "sub_1", "cus_1", "past_due", ("price_par",), stripe.alice, stripe.t0 + 2_592_000, False
    )
    assert (read.created, read.notes) == (stripe.t0, ())


def test_the_older_shape_is_read_too(stripe):
    told = stripe.subscription("evt_1", "updated")
    body = told["data"]["object"]
    body["current_period_end"] = 5
    body["items"]["data"] = [{"plan": {"id": "price_old"}}]
    body["customer"] = {"id": "cus_1", "object": "customer", "email": "alice@example.org"}
    facts = read_event(told).facts
    assert (facts.price_ids, facts.period_end, facts.customer_id) == (("price_old",), 5, "cus_1")
    paid = stripe.invoice("evt_2", sub=None)
    paid["data"]["object"]["subscription"] = "sub_1"
    assert read_event(paid).facts == InvoiceFacts("sub_1", "cus_1", stripe.t0 + 2_592_000)


def test_a_deletion_is_a_cancellation_whatever_status_it_shows(stripe):
    assert read_event(stripe.subscription("evt_1", "deleted", status="active")).facts.status == "canceled"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"mode": "subscription"}, ("membership", None, "paid")),
        ({"mode": "payment"}, ("donation", None, "paid")),
        ({"mode": "payment", "courseId": "hebrew-101"}, ("course", "hebrew-101", "paid")),
        ({"mode": "payment", "courseId": "hebrew-101", "paid": "unpaid"}, ("course", "hebrew-101", "unpaid")),
        ({"mode": "payment", "courseId": "h", "paid": "no_payment_required"}, ("course", "h", "paid")),
        ({"mode": "payment", "courseId": "h", "paid": "unpaid", "verb": "async_payment_succeeded"}, ("course", "h", "paid")),
        ({"mode": "payment", "courseId": "h", "paid": "unpaid", "verb": "async_payment_failed"}, ("course", "h", "failed")),
        ({"mode": "payment", "courseId": "a b"}, ("course", None, "paid")),
    ],
)
def test_a_checkout_is_a_membership_a_course_or_a_donation(stripe, given, expected):
    facts = read_event(stripe.checkout("evt_1", **given)).facts
    assert isinstance(facts, CheckoutFacts)
    assert (facts.kind, facts.course_id, facts.settled) == expected


def test_our_own_metadata_stands_above_the_reference_of_a_link(stripe):
    told = stripe.checkout("evt_1", reference=stripe.bob, accountId=stripe.alice)
    assert read_event(told).facts.account_claim == stripe.alice
    assert read_event(stripe.checkout("evt_1", reference=stripe.bob)).facts.account_claim == stripe.bob
    wrong = read_event(stripe.checkout("evt_1", reference="alice"))
    assert (wrong.facts.account_claim, wrong.notes) == (None, ("client_reference_id is no account id",))


def test_no_name_and_no_address_is_kept(stripe):
    kept = json.dumps(asdict(read_event(stripe.checkout("evt_1"))))
    assert "alice" not in kept.lower()


@pytest.mark.parametrize(
    "event_type", ["customer.created", "invoice.payment_failed", "customer.subscription.trial_will_end"]
)
def test_what_is_not_handled_is_no_error(stripe, event_type):
    read = read_event(stripe.event("evt_1", event_type, {"id": "x"}))
    assert (read.facts, read.notes) == (None, ())


def test_a_thin_event_of_the_second_generation_is_ignored():
    read = read_event({"id": "evt_test_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found",
                       "created": "2026-11-23T10:00:00.000Z"})  # fmt: skip
    assert (read.facts, read.created) == (None, None)


@pytest.mark.parametrize("wrong", [{}, {"id": "evt_1"}, {"id": "", "type": "x"}, {"id": "a\0b", "type": "x"},
                                   {"id": "evt_1", "type": "é"}, {"id": 3, "type": "x"}])  # fmt: skip
def test_what_is_no_event_is_refused(wrong):
    with pytest.raises(Malformed):
        read_event(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "object", "data", "items", "metadata", "accountId", "status", "mode", "customer", "lines",
                         "subscription", "parent", "period", "end", "price"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(body=JSON, created=JSON, event_type=st.sampled_from(
    ["customer.subscription.updated", "checkout.session.completed", "invoice.paid", "customer.subscription.deleted"]
))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_no_content_breaks_the_reader_and_all_it_keeps_is_plain_ascii(body, created, event_type):
    read = read_event({"id": "evt_1", "type": event_type, "created": created, "data": {"object": body}})
    if read.facts is not None:
        texts = [value for value in asdict(read.facts).values() if isinstance(value, str)]
        assert all(text.isascii() and text.isprintable() for text in texts)
