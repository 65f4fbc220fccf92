"""Turn an operator's word into whose a subscription or a course is; it stands above what Stripe carries."""

from dataclasses import replace

from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.auth.accounts import existing_accounts
from ruach_studio.kernel.errors import NotFound
from ruach_studio.membership.billing import Keys, Known
from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import billing, ledger
from ruach_studio.membership.usecases.assign_owners import assign_owners
from ruach_studio.membership.usecases.settle_standing import settle_standing


class NothingToLink(NotFound):
    """Stripe has told of no such subscription or checkout."""

    code = "nothing_to_link"


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "account_not_found"


async def link_account(services: MembershipServices, thing: Keys, account_id: str, *, actor: str, reason: str) -> None:
    """Give the subscription or checkout that `thing` names to an account. Raises NothingToLink, AccountNotFound."""
    subject, now = thing.subscription_id or thing.checkout_id or "", services.clock.now()
    async with services.database.transaction() as tx:
        await ledger.take_turn(tx)
        known = await billing.load(tx, thing)
        if known.subscription is None and known.purchase is None:
            raise NothingToLink(subject=subject, remedy="See GET /membership/events?unlinked=true.")
        if account_id not in await existing_accounts(tx, [account_id]):
            raise AccountNotFound(subject=account_id, remedy="Check the account id.")
        held, bought = known.subscription, known.purchase
        after = Known(
            subscription=None if held is None else replace(held, operator_account=account_id),
            purchase=None if bought is None else replace(bought, operator_account=account_id),
        )
        await billing.save(tx, after)
        _, touched = await assign_owners(tx, thing, after)
        for each in sorted(touched | {account_id}):
            await settle_standing(services, tx, each, actor=actor, at=now)
        before = held.operator_account if held else bought.operator_account if bought else None
        await record_transition(
            tx, entity="membership-link", entity_id=subject, from_state=before, to_state=account_id, actor=actor,
            reason=reason,
        )  # fmt: skip
