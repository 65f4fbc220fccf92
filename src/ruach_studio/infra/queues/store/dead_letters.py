"""Turn the end of a ladder into a row that an operator reads: what, why, every attempt, the ids, the playbook's cause.

One open row per dead job or parked event, whatever happens twice; each new row is announced on the outbox. It is resolved
once: by a recovery command, by a discard, or by a later job of the same kind about the same subject that completed.
dead_letter_list.py reads them. (The insert is written out here: outbox/store.py parks events through this module.)
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.ops import DeadLettered
from ruach_studio.infra.context import new_id
from ruach_studio.infra.queues.store.jsonb import without_nul

_INSERT = text(
    "INSERT INTO platform.dead_letter (id, kind, queue, name, source_id, payload, automation_id, correlation_id, error,"
    " attempts, triage, subject, version_key, facts) VALUES (:id, :kind, :queue, :name, :source_id, CAST(:payload AS jsonb),"
    " :automation_id, :correlation_id, CAST(:error AS jsonb), CAST(:attempts AS jsonb), CAST(:triage AS jsonb),"
    " CAST(:subject AS jsonb), :version_key, CAST(:facts AS jsonb))"
    " ON CONFLICT (kind, queue, source_id) WHERE resolved_at IS NULL DO NOTHING"
)
_ANNOUNCE = text(
    "WITH told AS (INSERT INTO platform.outbox (event_id, event_type, version, correlation_id, automation_id, payload)"
    " VALUES (:event_id, :event_type, :version, :correlation_id, :automation_id, CAST(:payload AS jsonb)) RETURNING id)"
    " SELECT pg_notify('ruach_outbox', '') FROM told"
)
FIELDS = (
    "id, kind, queue, name, source_id, payload, automation_id, correlation_id, error, attempts, triage, created_at,"
    " resolved_at, resolved_by, resolution, subject, facts"
)
_GET = text(
    f"SELECT {FIELDS} FROM platform.dead_letter WHERE kind = :kind AND source_id = :source_id"  # noqa: S608
    " AND (CAST(:queue AS text) IS NULL OR queue = :queue)"
    " ORDER BY created_at DESC LIMIT 1"
)
_LIST = text(
    f"SELECT {FIELDS} FROM platform.dead_letter"  # noqa: S608
    " WHERE (CAST(:queue AS text) IS NULL OR queue = :queue) AND (:resolved OR resolved_at IS NULL)"
    " ORDER BY created_at DESC LIMIT :limit"
)
_RESOLVE = text(
    "UPDATE platform.dead_letter SET resolved_at = clock_timestamp(), resolved_by = :actor, resolution = :resolution"
    " WHERE kind = :kind AND source_id = :source_id AND (CAST(:queue AS text) IS NULL OR queue = :queue)"
    " AND resolved_at IS NULL RETURNING queue"
)
_ABOUT = text(
    "SELECT source_id FROM platform.dead_letter WHERE kind = 'job' AND queue = :queue AND name = :name"
    " AND resolved_at IS NULL AND subject = CAST(:subject AS jsonb) ORDER BY created_at"
)


async def bury(
    tx: AsyncConnection, *, kind: str, queue: str, name: str, source_id: str, payload: Mapping[str, Any],
    automation_id: str | None, correlation_id: str, error: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]],
    triage: Mapping[str, Any] | None = None, subject: Mapping[str, Any] | None = None, version_key: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Write the dead letter of a job (`queue` = its queue) or an event (`queue` = the consumer); False if it was there."""
    given = {
        "id": new_id(), "kind": kind, "queue": queue, "name": name, "source_id": source_id, "payload": json.dumps(payload),
        "automation_id": automation_id, "correlation_id": correlation_id, "error": without_nul(error),
        "attempts": without_nul(attempts),
        "triage": None if triage is None else without_nul(triage),
        "subject": without_nul(subject) if subject else None, "version_key": version_key, "facts": without_nul(facts or {}),
    }  # fmt: skip
    if (await tx.execute(_INSERT, given)).rowcount != 1:
        return False
    event = DeadLettered(kind, queue, name, source_id, str(error.get("code", "")), str(error.get("message", "")))
    told = {
        "event_id": new_id(), "event_type": event.event_type, "version": event.version, "correlation_id": correlation_id,
        "automation_id": automation_id, "payload": without_nul(event.payload()),
    }  # fmt: skip
    await tx.execute(_ANNOUNCE, told)
    return True


async def list_dead_letters(
    conn: AsyncConnection, *, queue: str | None = None, resolved: bool = False, limit: int = 200
) -> list[dict[str, Any]]:
    """Return dead letters as dicts, newest first; those already resolved only if `resolved`."""
    rows = await conn.execute(_LIST, {"queue": queue, "resolved": resolved, "limit": limit})
    return [dict(row._mapping) for row in rows]


async def get_dead_letter(
    conn: AsyncConnection, *, kind: str, source_id: str, queue: str | None = None
) -> dict[str, Any] | None:
    """Return the newest dead letter of a job or event (of one consumer, if given), open or not; None if it never died."""
    row = (await conn.execute(_GET, {"kind": kind, "source_id": source_id, "queue": queue})).one_or_none()
    return None if row is None else dict(row._mapping)


async def open_about(conn: AsyncConnection, queue: str, name: str, subject: Mapping[str, Any]) -> list[str]:
    """Return the ids of the dead jobs of this kind about `subject` whose letters are open, oldest first."""
    given = {"queue": queue, "name": name, "subject": without_nul(subject)}
    return list((await conn.execute(_ABOUT, given)).scalars())


async def resolve(
    tx: AsyncConnection, *, kind: str, source_id: str, actor: str, resolution: str, queue: str | None = None
) -> bool:
    """Close an open dead letter (of one queue or consumer, if given) with who and how; False if there was no open one."""
    given = {"kind": kind, "queue": queue, "source_id": source_id, "actor": actor, "resolution": resolution}
    return (await tx.execute(_RESOLVE, given)).first() is not None
