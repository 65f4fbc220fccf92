"""Turn what is known of a customer into whose their subscriptions and purchases are."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.accounts import existing_accounts
from ruach_studio.membership.billing import Keys, Known, Purchase, Subscription, claims, purchase_claims
from ruach_studio.membership.store import billing


async def assign_owners(tx: AsyncConnection, ids: Keys, known: Known) -> tuple[bool | None, set[str]]:
    """Write to whom the customer's things belong; return whether the named one is linked, and the accounts to settle.

    The first claim that is an account's counts. Linked is None if the named thing is owed to nobody (a donation).
    """
    thing_of = known.subscription or known.purchase
    customer_id = thing_of.customer_id if thing_of is not None else ids.customer_id
    customer, subscriptions, purchases = await billing.touched(tx, ids, customer_id)
    siblings = [each for each, _ in subscriptions if each.customer_id == customer_id and customer_id is not None]
    wanted: list[tuple[Subscription | Purchase, str | None, list[str]]] = [
        *((each, owner, claims(each, customer, siblings)) for each, owner in subscriptions),
        *((each, owner, purchase_claims(each, customer, siblings)) for each, owner in purchases),
    ]
    accounts = await existing_accounts(tx, {account for _, _, told in wanted for account in told})
    linked, touched = None, set[str]()
    for thing, owner, told in wanted:
        found = next((account for account in told if account in accounts), None)
        if found != owner:
            await billing.assign(tx, thing, found)
        touched |= {account for account in (owner, found) if account is not None}
        if _is_owed(thing, ids):
            linked = found is not None
    return linked, touched


def _is_owed(thing: Subscription | Purchase, ids: Keys) -> bool:
    """Say whether this is what the event speaks of, and somebody's due: a donation is owed to nobody."""
    if isinstance(thing, Subscription):
        return thing.subscription_id == ids.subscription_id
    return thing.checkout_id == ids.checkout_id and thing.kind == "course"
