"""Turn the ledger into a page for an operator."""

from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import ledger
from ruach_studio.membership.store.ledger import LedgerRow


async def list_events(
    services: MembershipServices, *, unlinked: bool = False, before: int | None = None, limit: int = 100
) -> list[LedgerRow]:
    """Return ledger rows, newest first; `unlinked`: only those whose subscription or course has no account."""
    async with services.database.connection() as conn:
        return await ledger.page(conn, unlinked=unlinked, before=before, limit=limit)
