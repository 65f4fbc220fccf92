"""The SQL of the outbox: rows, cursors, deliveries, inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.infra.queues.store.jsonb import to_jsonb, without_nul

PUBLISHED_CHANNEL = "ruach_outbox"
_BATCH = 500

_INSERT = text(
    "INSERT INTO platform.outbox (event_id, event_type, version, correlation_id, automation_id, payload)"
    " VALUES (:event_id, :event_type, :version, :correlation_id, :automation_id, CAST(:payload AS jsonb))"
)
_ENROL = text("INSERT INTO platform.consumer (name) VALUES (:name) ON CONFLICT DO NOTHING")
_CURSOR = text("SELECT CAST(xid AS text) AS xid, outbox_id FROM platform.consumer WHERE name = :name FOR UPDATE SKIP LOCKED")
# xmin: the oldest transaction still open. Whatever is below it can no longer appear behind the cursor.
_AHEAD = text(
    "SELECT CAST(xid AS text) AS xid, id, event_type FROM platform.outbox"
    " WHERE (xid, id) > (CAST(:xid AS xid8), CAST(:outbox_id AS bigint)) AND xid < pg_snapshot_xmin(pg_current_snapshot())"
    " ORDER BY outbox.xid, outbox.id LIMIT :limit"  # qualified: the bare name would be the text, and order 10 before 9
)
_MOVE = text("UPDATE platform.consumer SET xid = CAST(:xid AS xid8), outbox_id = :outbox_id WHERE name = :name")
_ADDRESS = text(
    "INSERT INTO platform.delivery (consumer, outbox_id) SELECT :consumer, unnest(CAST(:ids AS bigint[]))"
    " ON CONFLICT DO NOTHING"
)
_DUE = text(
    "SELECT d.outbox_id, d.attempts, d.errors, o.event_id, o.event_type, o.version, o.occurred_at, o.correlation_id,"
    " o.automation_id, o.payload FROM platform.delivery d JOIN platform.outbox o ON o.id = d.outbox_id"
    " WHERE d.consumer = :consumer AND d.next_at <= clock_timestamp() ORDER BY d.next_at, d.outbox_id LIMIT 1"
    " FOR UPDATE OF d SKIP LOCKED"
)
_HOLD = text(
    "SELECT 1 FROM platform.delivery WHERE consumer = :consumer AND outbox_id = :outbox_id AND attempts = :attempts"
    " FOR UPDATE SKIP LOCKED"
)
_INBOX = text("INSERT INTO platform.inbox (consumer, event_id) VALUES (:consumer, :event_id) ON CONFLICT DO NOTHING")
_FORGET = text("DELETE FROM platform.delivery WHERE consumer = :consumer AND outbox_id = :outbox_id")
_PUT_OFF = text(
    "UPDATE platform.delivery SET attempts = :attempts, errors = CAST(:errors AS jsonb),"
    " next_at = clock_timestamp() + make_interval(secs => :pause_s) WHERE consumer = :consumer AND outbox_id = :outbox_id"
)
_REDELIVER = text(
    "INSERT INTO platform.delivery (consumer, outbox_id) SELECT :consumer, id FROM platform.outbox"
    " WHERE event_id = :event_id ON CONFLICT DO NOTHING"
)
_LAG = text(
    "SELECT count(*) AS pending, coalesce(extract(epoch FROM clock_timestamp() - min(o.occurred_at)), 0) AS oldest_s"
    " FROM platform.consumer c JOIN platform.outbox o ON (o.xid, o.id) > (c.xid, c.outbox_id)"
    " WHERE c.name = :consumer"
)
_WAITING = text(
    "SELECT count(*) AS pending, coalesce(extract(epoch FROM clock_timestamp() - min(o.occurred_at)), 0) AS oldest_s"
    " FROM platform.delivery d JOIN platform.outbox o ON o.id = d.outbox_id WHERE d.consumer = :consumer"
)
# Its two halves each read what is not yet taken in; a consumer that has never listened begins at the beginning.
_ON_ITS_WAY = text(
    "SELECT EXISTS (SELECT 1 FROM platform.delivery d JOIN platform.outbox o ON o.id = d.outbox_id"
    " WHERE d.consumer = :consumer AND o.event_type = :event_type AND o.payload @> CAST(:part AS jsonb))"
    " OR EXISTS (SELECT 1 FROM platform.outbox o WHERE o.event_type = :event_type AND o.payload @> CAST(:part AS jsonb)"
    " AND (o.xid, o.id) > (coalesce((SELECT xid FROM platform.consumer WHERE name = :consumer), CAST('0' AS xid8)),"
    " coalesce((SELECT outbox_id FROM platform.consumer WHERE name = :consumer), 0)))"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one consumer, with what went wrong so far."""

    outbox_id: int
    attempts: int
    errors: Sequence[Mapping[str, Any]]
    envelope: Envelope


async def insert_event(
    tx: AsyncConnection, *, event_id: str, event_type: str, version: int, payload: Mapping[str, Any], correlation_id: str,
    automation_id: str | None,
) -> None:  # fmt: skip
    """Write an event and wake the relays at commit (one notification per transaction, however many events)."""
    given = {
        "event_id": event_id, "event_type": event_type, "version": version, "correlation_id": correlation_id,
        "automation_id": automation_id, "payload": to_jsonb(payload, subject=event_type),
    }  # fmt: skip
    await tx.execute(_INSERT, given)
    await tx.execute(text("SELECT pg_notify(:channel, '')"), {"channel": PUBLISHED_CHANNEL})


async def collect(tx: AsyncConnection, consumer: str, event_types: Sequence[str]) -> bool:
    """Turn the next batch of rows past the cursor into deliveries; False if that was all or a rival does it now."""
    await tx.execute(_ENROL, {"name": consumer})
    cursor = (await tx.execute(_CURSOR, {"name": consumer})).one_or_none()
    if cursor is None:
        return False
    rows = (await tx.execute(_AHEAD, {"xid": cursor.xid, "outbox_id": cursor.outbox_id, "limit": _BATCH})).all()
    if not rows:
        return False
    wanted = [row.id for row in rows if row.event_type in event_types]
    if wanted:
        await tx.execute(_ADDRESS, {"consumer": consumer, "ids": wanted})
    await tx.execute(_MOVE, {"name": consumer, "xid": rows[-1].xid, "outbox_id": rows[-1].id})
    return len(rows) == _BATCH


async def claim_due(tx: AsyncConnection, consumer: str) -> Delivery | None:
    """Lock the next due delivery that no rival holds; None if there is none."""
    row = (await tx.execute(_DUE, {"consumer": consumer})).one_or_none()
    if row is None:
        return None
    envelope = Envelope(
        event_id=row.event_id, event_type=row.event_type, version=row.version, occurred_at=row.occurred_at,
        correlation_id=row.correlation_id, automation_id=row.automation_id, payload=row.payload,
    )  # fmt: skip
    return Delivery(row.outbox_id, row.attempts, row.errors, envelope)


async def hold(tx: AsyncConnection, consumer: str, outbox_id: int, *, attempts: int) -> bool:
    """Lock a delivery that was put off with its `attempts`; False if a rival has gone on with it."""
    given = {"consumer": consumer, "outbox_id": outbox_id, "attempts": attempts}
    return (await tx.execute(_HOLD, given)).first() is not None


async def note_in_inbox(tx: AsyncConnection, consumer: str, event_id: str) -> bool:
    """Note that the consumer has seen the event; False if it had."""
    return (await tx.execute(_INBOX, {"consumer": consumer, "event_id": event_id})).rowcount == 1


async def forget(tx: AsyncConnection, consumer: str, outbox_id: int) -> None:
    """Drop a delivery that is done."""
    await tx.execute(_FORGET, {"consumer": consumer, "outbox_id": outbox_id})


async def put_off(tx: AsyncConnection, consumer: str, delivery: Delivery, error: Mapping[str, Any], pause_s: float) -> None:
    """Keep the error beside those that `delivery` has, and make it due again in `pause_s`."""
    given = {
        "consumer": consumer, "outbox_id": delivery.outbox_id, "pause_s": pause_s,
        "attempts": delivery.attempts + 1, "errors": without_nul([*delivery.errors, error]),
    }  # fmt: skip
    await tx.execute(_PUT_OFF, given)


async def park(
    tx: AsyncConnection, consumer: str, delivery: Delivery, error: Mapping[str, Any], *,
    triage: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Move a delivery that cannot succeed to the dead letters."""
    envelope = delivery.envelope
    await dead_letters.bury(
        tx, kind="event", queue=consumer, name=envelope.event_type, source_id=envelope.event_id, payload=envelope.payload,
        automation_id=envelope.automation_id, correlation_id=envelope.correlation_id, error=error,
        attempts=[{"attempt": number, "error": each} for number, each in enumerate([*delivery.errors, error], start=1)],
        triage=triage,
    )  # fmt: skip
    await forget(tx, consumer, delivery.outbox_id)


async def redeliver(tx: AsyncConnection, consumer: str, event_id: str) -> bool:
    """Make an event due again for a consumer; False if there is no such event."""
    return (await tx.execute(_REDELIVER, {"consumer": consumer, "event_id": event_id})).rowcount == 1


async def lag(conn: AsyncConnection, consumer: str) -> tuple[int, float]:
    """Return (events not yet taken in, age of the oldest in seconds) for the operator's page."""
    ahead = (await conn.execute(_LAG, {"consumer": consumer})).one()
    waiting = (await conn.execute(_WAITING, {"consumer": consumer})).one()
    return int(ahead.pending + waiting.pending), float(max(ahead.oldest_s, waiting.oldest_s))


async def is_on_its_way(conn: AsyncConnection, consumer: str, event_type: str, part: Mapping[str, Any]) -> bool:
    """Say whether a committed event whose payload contains `part` has not yet taken effect in the consumer.

    One that was parked is not on its way. To a consumer that has never listened all are.
    """
    given = {"consumer": consumer, "event_type": event_type, "part": to_jsonb(part, subject=event_type)}
    return bool((await conn.execute(_ON_ITS_WAY, given)).scalar_one())
