"""Turn the platform's rows into the lines of a story."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.signals import story_rows
from ruach_studio.infra.signals.story import Line, Scope

_Tell = Callable[[Row[Any]], Iterator[Line]]


async def platform_lines(conn: AsyncConnection, scope: Scope, limit: int) -> list[Line]:
    """Return what the platform has to tell, in no order."""
    found = await story_rows.rows_of(conn, scope, limit)
    return [line for kind, tell in _TELLERS.items() for row in found[kind] for line in tell(row)]


def _ids(row: Row[Any], job_id: str | None = None) -> Mapping[str, str | None]:
    ids = {"correlationId": row.correlation_id, "automationId": getattr(row, "automation_id", None)}
    return ids | {"jobId": job_id}


def _request(row: Row[Any]) -> Iterator[Line]:
    facts = {"status": row.status, "tookMs": row.took_ms, "actor": row.actor}
    by = "" if row.actor is None else f" by {row.actor}"
    yield Line(row.at, "request.answered", f"{row.method} {row.route} answered {row.status}{by}", _ids(row), facts)


def _job(row: Row[Any]) -> Iterator[Line]:
    ids, name = _ids(row, row.id), f"{row.queue}/{row.name}"
    facts = {"attempt": row.attempt, "retryOf": row.retry_of, "sessionId": row.payload.get("sessionId")}
    again = "" if row.retry_of is None else f", attempt {row.attempt} after {row.retry_of}"
    yield Line(row.created_at, "job.queued", f"{name} {row.id} queued{again}", ids, facts)
    if row.started_at is not None:
        times = "" if row.starts == 1 else f", taken up {row.starts} times"
        yield Line(row.started_at, "job.started", f"{name} {row.id} started{times}", ids, {"starts": row.starts})
    if row.finished_at is not None:
        error = row.error or {}
        why = f": {error.get('code')}: {error.get('message')}" if error else ""
        facts = {"state": row.state, "error": {key: error.get(key) for key in ("code", "message")} if error else None}
        yield Line(row.finished_at, f"job.{row.state}", f"{name} {row.id} {row.state}{why}", ids, facts)


def _event(row: Row[Any]) -> Iterator[Line]:
    facts = {"eventId": row.event_id, "eventType": row.event_type}
    yield Line(row.occurred_at, "event.published", f"{row.event_type} published", _ids(row), facts)


def _taken(row: Row[Any]) -> Iterator[Line]:
    facts = {"eventId": row.event_id, "eventType": row.event_type, "consumer": row.consumer}
    yield Line(row.consumed_at, "event.consumed", f"{row.event_type} took effect in {row.consumer}", _ids(row), facts)


def _pending(row: Row[Any]) -> Iterator[Line]:
    facts = {
        "eventId": row.event_id, "consumer": row.consumer, "attempts": row.attempts, "nextAt": row.next_at.isoformat(),
        "errors": [each.get("message") for each in row.errors],
    }  # fmt: skip
    said = f"{row.event_type} waits for {row.consumer}" + (f" after {row.attempts} failures" if row.attempts else "")
    yield Line(row.occurred_at, "event.waiting", said, _ids(row), facts)


def _letter(row: Row[Any]) -> Iterator[Line]:
    ids = _ids(row, row.source_id if row.kind == "job" else None)
    facts = {"deadLetterId": row.id, "kind": row.kind, "queue": row.queue, "sourceId": row.source_id, "triage": row.triage}
    message = row.error.get("message")
    said = f"{row.kind} {row.source_id} of {row.queue} died: {message}"
    yield Line(row.created_at, "dead-letter.buried", said, ids, facts)
    if row.resolved_at is not None:
        said = f"{row.kind} {row.source_id}: {row.resolution} (by {row.resolved_by})"
        yield Line(row.resolved_at, "dead-letter.resolved", said, ids, {"deadLetterId": row.id, "actor": row.resolved_by})


def _transition(row: Row[Any]) -> Iterator[Line]:
    facts = {
        "seq": row.seq, "entity": row.entity, "entityId": row.entity_id, "from": row.from_state, "to": row.to_state,
        "actor": row.actor, "reason": row.reason,
    }  # fmt: skip
    before = "" if row.from_state is None else f"{row.from_state} → "
    why = f": {row.reason}" if row.reason else ""
    said = f"{row.entity} {row.entity_id} {before}{row.to_state} by {row.actor}{why}"
    yield Line(row.recorded_at, f"{row.entity}.{row.to_state}", said, _ids(row), facts)


def _decisions(row: Row[Any]) -> Iterator[Line]:
    facts = {
        "subject": row.subject, "rulesVersion": row.rules_version, "count": row.number, "firstSeq": row.first_seq,
        "lastSeq": row.last_seq, "decisions": f"/decisions?correlationId={row.correlation_id}",
    }  # fmt: skip
    what = f"{row.number} decisions" if row.number > 1 else f"decided {row.decision}"
    said = f"{row.subject}: {what} by {row.rules_version} (audit {row.first_seq} to {row.last_seq})"
    yield Line(row.recorded_at, "decisions.recorded", said, _ids(row), facts)


_TELLERS: Mapping[str, _Tell] = {
    "requests": _request, "jobs": _job, "events": _event, "taken": _taken, "pending": _pending, "letters": _letter,
    "transitions": _transition, "decisions": _decisions,
}  # fmt: skip
