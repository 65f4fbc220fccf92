"""Any order and any repetition of the same events ends in the same state; an older event changes nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.membership.billing import Known, absorb, claims, keys, purchase_claims
from ruach_studio.membership.entitlements import entitled
from ruach_studio.membership.stripe_events import read_event

ALICE, BOB = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
TIERS = {"price_sup": "supporter", "price_par": "partner", "price_ste": "steward"}
OWNER_OF = {"sub_1": "cus_1", "sub_2": "cus_1", "sub_3": "cus_2"}


class World:
    """All that is known, kept in dictionaries as the store keeps it in tables."""

    def __init__(self):
        self.ledger, self.customers, self.subscriptions, self.purchases = {}, {}, {}, {}

    def take(self, told):
        event = read_event(told)
        if event.event_id in self.ledger:
            return "repeated"
        ids = keys(event.facts)
        known = Known(
            self.customers.get(ids.customer_id), self.subscriptions.get(ids.subscription_id),
            self.purchases.get(ids.checkout_id),
        )  # fmt: skip
        after, effect = absorb(known, event)
        for kept, thing, key in (
            (self.customers, after.customer, ids.customer_id), (self.subscriptions, after.subscription, ids.subscription_id),
            (self.purchases, after.purchase, ids.checkout_id),
        ):  # fmt: skip
            if thing is not None:
                kept[key] = thing
        self.ledger[event.event_id] = effect
        return effect

    def state(self):
        return self.customers, self.subscriptions, self.purchases

    def owners(self):
        def siblings(customer_id):
            return [each for each in self.subscriptions.values() if each.customer_id == customer_id]

        return {
            **{s.subscription_id: claims(s, self.customers.get(s.customer_id), siblings(s.customer_id))
               for s in self.subscriptions.values()},
            **{p.checkout_id: purchase_claims(p, self.customers.get(p.customer_id), siblings(p.customer_id))
               for p in self.purchases.values()},
        }  # fmt: skip

    def standing(self, account):
        owned = {thing for thing, told in self.owners().items() if told and told[0] == account}
        return entitled(
            [s for key, s in self.subscriptions.items() if key in owned],
            [p for key, p in self.purchases.items() if key in owned], TIERS,
        ).standing  # fmt: skip


def live(world, *events):
    for told in events:
        world.take(told)
    return world


@st.composite
def histories(draw):
    """Makers of events with their words, and an order with repeats; few seconds and things, so that ties are common."""
    made = []
    for number in range(draw(st.integers(1, 9))):
        sub = draw(st.sampled_from(sorted(OWNER_OF)))
        kind = draw(st.sampled_from(["subscription", "membership", "course", "invoice", "other"]))
        account = draw(st.sampled_from([None, ALICE, BOB]))
        words = {"event_id": f"evt_{number}", "at": 1_790_000_000 + draw(st.integers(0, 3))}
        if kind == "subscription":
            words |= {
                "verb": draw(st.sampled_from(["created", "updated", "deleted", "paused", "resumed"])),
                "status": draw(st.sampled_from(["incomplete", "trialing", "active", "past_due", "paused", "canceled"])),
                "price": draw(st.sampled_from([*TIERS, "price_new"])),
                "sub": sub, "customer": OWNER_OF[sub], "account": account,
            }  # fmt: skip
        elif kind == "membership":
            words |= {"session": f"cs_{sub}", "sub": sub, "customer": OWNER_OF[sub], "reference": account}
        elif kind == "course":
            customer = draw(st.sampled_from(["cus_1", "cus_2"]))
            verb = draw(st.sampled_from(["completed", "async_payment_succeeded", "async_payment_failed"]))
            words |= {"session": f"cs_{customer}", "mode": "payment", "customer": customer, "paid": "unpaid", "verb": verb,
                      "reference": account, "courseId": "c1"}  # fmt: skip
        elif kind == "invoice":
            words |= {"sub": sub, "customer": OWNER_OF[sub], "end": 1_790_000_000 + number}
        made.append((kind, words))
    repeats = draw(st.lists(st.sampled_from(range(len(made))), max_size=6))
    return made, draw(st.permutations([*range(len(made)), *repeats]))


@given(history=histories())
@settings(max_examples=100, deadline=None)
def test_any_order_with_any_repeats_ends_in_the_same_state(stripe, history):
    made, order = history
    makers = {"subscription": stripe.subscription, "membership": stripe.checkout, "course": stripe.checkout,
              "invoice": stripe.invoice,
              "other": lambda event_id, at: stripe.event(event_id, "price.updated", {}, at)}  # fmt: skip
    events = [makers[kind](**words) for kind, words in made]
    one, other = live(World(), *events), live(World(), *(events[number] for number in order))
    assert one.state() == other.state()
    assert one.owners() == other.owners()
    assert [one.standing(each) for each in (ALICE, BOB)] == [other.standing(each) for each in (ALICE, BOB)]
    assert one.ledger.keys() == other.ledger.keys()


def test_an_older_event_changes_nothing(stripe):
    world = live(World(), stripe.subscription("evt_2", "updated", at=stripe.t0 + 10, account=ALICE, price="price_ste"))
    before = dict(world.subscriptions)
    assert world.take(stripe.subscription("evt_1", "deleted", at=stripe.t0 + 9)) == "stale"
    assert world.subscriptions == before
    assert world.standing(ALICE).tier == "steward"
    assert world.take(stripe.invoice("evt_3", at=stripe.t0 + 5, end=50)) == "applied"
    assert world.take(stripe.invoice("evt_4", at=stripe.t0 + 4, end=99)) == "stale"
    assert world.subscriptions["sub_1"].paid.through == 50


def test_within_one_second_a_deletion_wins_and_then_the_status_further_along(stripe):
    for first, second, status in (
        (("created", "incomplete"), ("updated", "active"), "active"),
        (("updated", "trialing"), ("updated", "active"), "active"),
        (("deleted", "canceled"), ("updated", "active"), "canceled"),
        (("created", "active"), ("paused", "paused"), "paused"),
    ):
        for names in ("ab", "ba"):  # whichever of the two ids is the greater
            told = zip(names, (first, second), strict=True)
            pair = [stripe.subscription(f"evt_{name}", verb, status=shown) for name, (verb, shown) in told]
            for order in (pair, pair[::-1]):
                assert live(World(), *order).subscriptions["sub_1"].snapshot.status == status


def test_within_one_second_the_money_that_came_is_the_last_word(stripe):
    words = {"mode": "payment", "paid": "unpaid", "courseId": "hebrew"}
    for names in ("ab", "ba"):
        verbs = zip(names, ("completed", "async_payment_succeeded"), strict=True)
        for order in (pair := [stripe.checkout(f"evt_{name}", verb=verb, **words) for name, verb in verbs], pair[::-1]):
            assert live(World(), *order).purchases["cs_1"].settled == "paid"


def test_of_two_subscriptions_that_name_an_account_the_newer_lends_it(stripe):
    world = live(
        World(), stripe.subscription("evt_1", "created", account=ALICE),
        stripe.subscription("evt_2", "created", at=stripe.t0 + 1, sub="sub_2", account=BOB),
        stripe.subscription("evt_3", "created", sub="sub_3"),
    )  # fmt: skip
    assert world.owners()["sub_3"] == [BOB]


def test_a_checkout_that_comes_last_still_says_whose_it_is(stripe):
    world = live(World(), stripe.subscription("evt_2", "created", at=stripe.t0 + 1))
    assert world.owners() == {"sub_1": []}
    assert world.take(stripe.checkout("evt_1", at=stripe.t0, reference=ALICE)) == "applied"
    assert world.owners() == {"sub_1": [ALICE]}
    assert world.standing(ALICE).tier == "partner"


def test_a_known_customer_lends_the_account_to_what_names_none(stripe):
    world = live(
        World(), stripe.subscription("evt_1", "created", account=ALICE),
        stripe.subscription("evt_2", "created", sub="sub_2", price="price_ste"),
        stripe.checkout("evt_3", session="cs_9", mode="payment", courseId="hebrew"),
        stripe.checkout("evt_4", session="cs_8", mode="payment", customer=None, courseId="greek"),
    )  # fmt: skip
    assert world.owners() == {"sub_1": [ALICE], "sub_2": [ALICE], "cs_9": [ALICE], "cs_8": []}
    assert (world.standing(ALICE).tier, world.standing(ALICE).courses) == ("steward", ("hebrew",))


def test_a_link_that_names_another_does_not_take_what_names_its_own(stripe):
    world = live(
        World(), stripe.subscription("evt_1", "created", account=ALICE),
        stripe.subscription("evt_2", "created", sub="sub_2"),
        stripe.checkout("evt_3", at=stripe.t0 + 5, session="cs_2", sub="sub_2", reference=BOB),
    )  # fmt: skip
    assert {thing: told[0] for thing, told in world.owners().items()} == {"sub_1": ALICE, "sub_2": BOB}
