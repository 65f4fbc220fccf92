"""Turn a changed mapping of prices to tiers into every account's new standing."""

from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import billing, ledger, standings
from ruach_studio.membership.usecases.settle_standing import settle_standing


async def refresh_standings(services: MembershipServices, *, actor: str = "settings") -> int:
    """Settle every account again (on start, since RUACH_STRIPE_TIERS may differ); return how many changed."""
    async with services.database.connection() as conn:
        accounts = await billing.accounts(conn)
    changed = 0
    for account_id in accounts:
        async with services.database.transaction() as tx:
            await ledger.take_turn(tx)
            before = await standings.get(tx, account_id)
            after = await settle_standing(services, tx, account_id, actor=actor, at=services.clock.now())
            changed += after != before
    return changed
