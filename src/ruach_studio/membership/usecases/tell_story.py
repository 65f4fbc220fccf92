"""Turn the ledger into the lines of a story: what Stripe told us, and what became of it."""

from ruach_studio.infra.signals.story import Line, Scope
from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.store import story


async def tell_story(services: MembershipServices, scope: Scope, limit: int) -> list[Line]:
    """Return the events that the requests in `scope` brought."""
    if not scope.correlations:
        return []
    async with services.database.connection() as conn:
        rows = await story.events(conn, scope.correlations, limit)
    return [
        Line(
            row.received_at, "billing.event.taken", f"Stripe's {row.event_type} {row.event_id}: {row.effect}",
            {"correlationId": row.correlation_id}, {"eventId": row.event_id, "effect": row.effect, "notes": row.notes},
        )
        for row in rows
    ]  # fmt: skip
