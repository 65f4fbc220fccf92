"""The SQL of membership's part of a story: which of Stripe's events came in with a request."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_EVENTS = text(
    "SELECT event_id, event_type, received_at, effect, notes, CAST(correlation_id AS text) AS correlation_id"
    " FROM membership.stripe_event WHERE correlation_id = ANY(CAST(:correlations AS uuid[])) ORDER BY seq DESC LIMIT :limit"
)


async def events(conn: AsyncConnection, correlations: Collection[str], limit: int) -> list[Row[Any]]:
    """Return the newest events that these requests brought."""
    return list(await conn.execute(_EVENTS, {"correlations": sorted(correlations), "limit": limit}))
