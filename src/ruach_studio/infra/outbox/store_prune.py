"""The SQL of pruning: which events may go, what stays of them, and which consumer holds the others back."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The least cursor of all: what it is past, everybody is past. Without a consumer nobody has heard anything yet.
_PRUNE = text(
    "WITH passed AS MATERIALIZED (SELECT xid, outbox_id FROM platform.consumer ORDER BY consumer.xid, outbox_id LIMIT 1),"
    " old AS MATERIALIZED ("
    "  SELECT o.id FROM platform.outbox o, passed p"
    "  WHERE (o.xid, o.id) <= (p.xid, p.outbox_id) AND o.occurred_at < clock_timestamp() - make_interval(days => :keep_days)"
    "   AND NOT EXISTS (SELECT FROM platform.delivery d WHERE d.outbox_id = o.id)"
    "   AND NOT EXISTS (SELECT FROM platform.dead_letter l WHERE l.kind = 'event' AND l.source_id = o.event_id"
    "    AND l.resolved_at IS NULL)"
    "  ORDER BY o.xid, o.id LIMIT :limit FOR UPDATE OF o SKIP LOCKED),"
    " gone AS (DELETE FROM platform.outbox o USING old WHERE o.id = old.id RETURNING o.*),"
    " heard AS (DELETE FROM platform.inbox i USING platform.consumer c, gone"
    "  WHERE i.consumer = c.name AND i.event_id = gone.event_id RETURNING i.*)"
    " INSERT INTO platform.event_past (event_id, event_type, version, occurred_at, correlation_id, automation_id, heard)"
    " SELECT g.event_id, g.event_type, g.version, g.occurred_at, g.correlation_id, g.automation_id,"
    "  coalesce((SELECT jsonb_object_agg(h.consumer, h.consumed_at) FROM heard h WHERE h.event_id = g.event_id), '{}')"
    " FROM gone g"
)
_HELD = text(
    "SELECT c.name, count(*) AS events FROM platform.consumer c JOIN platform.outbox o"
    " ON (o.xid, o.id) > (c.xid, c.outbox_id) AND o.occurred_at < clock_timestamp() - make_interval(days => :keep_days)"
    " GROUP BY c.name ORDER BY c.name"
)


async def prune_batch(tx: AsyncConnection, *, keep_days: int, limit: int) -> int:
    """Move up to `limit` events that everybody has heard into the past; return how many."""
    return (await tx.execute(_PRUNE, {"keep_days": keep_days, "limit": limit})).rowcount


async def held_back(conn: AsyncConnection, *, keep_days: int) -> dict[str, int]:
    """Return how many events older than `keep_days` each consumer has not come to yet, without those that are up to date."""
    rows = await conn.execute(_HELD, {"keep_days": keep_days})
    return {row.name: int(row.events) for row in rows}
