"""The SQL of the platform's part of a story: requests, jobs, events, dead letters, changes of state, decisions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.signals.story import Scope

_OF_SCOPE = "(correlation_id = ANY(:correlations) OR automation_id = ANY(:automations))"


def _scoped(sql: str) -> TextClause:
    return text(sql.replace("OF_SCOPE", _OF_SCOPE))


# What the platform knows of an id, whatever kind it is.
_SEEDS = text(
    """
    SELECT correlation_id, automation_id, id AS job_id, payload ->> 'sessionId' AS session_id
      FROM platform.execution WHERE id = :id OR correlation_id = :id OR automation_id = :id
        OR payload ->> 'sessionId' = :id
    UNION SELECT correlation_id, automation_id, NULL, NULL FROM platform.transition_audit
     WHERE correlation_id = :id OR automation_id = :id OR (entity = 'session' AND entity_id = :id)
        OR (entity IN ('speakers', 'transcript', 'render-job', 'formation-enrollment') AND entity_id = :id)
        OR (entity = 'edl' AND entity_id LIKE :prefix)
    UNION SELECT correlation_id, automation_id, NULL, NULL FROM platform.outbox
     WHERE correlation_id = :id OR automation_id = :id
    UNION SELECT correlation_id, automation_id, NULL, NULL FROM platform.event_past
     WHERE correlation_id = :id OR automation_id = :id
    UNION SELECT correlation_id, automation_id, NULL, NULL FROM platform.decision_audit
     WHERE correlation_id = :id OR automation_id = :id
    UNION SELECT correlation_id, NULL, NULL, NULL FROM platform.request_log WHERE correlation_id = :id
    """
)
_JOBS = _scoped("SELECT id, payload FROM platform.execution WHERE OF_SCOPE")

_STATEMENTS = {
    "requests": _scoped(
        "SELECT at, method, route, status, actor, took_ms, correlation_id FROM platform.request_log"
        " WHERE correlation_id = ANY(:correlations) ORDER BY id DESC LIMIT :limit"
    ),
    "jobs": _scoped(
        "SELECT id, queue, name, state, attempt, retry_of, starts, error, result, created_at, run_at, started_at,"
        " finished_at, correlation_id, automation_id, payload FROM platform.execution WHERE OF_SCOPE"
        " ORDER BY created_at DESC LIMIT :limit"
    ),
    "events": _scoped(
        "SELECT event_id, event_type, occurred_at, correlation_id, automation_id FROM platform.outbox WHERE OF_SCOPE"
        " UNION ALL SELECT event_id, event_type, occurred_at, correlation_id, automation_id FROM platform.event_past"
        " WHERE OF_SCOPE ORDER BY occurred_at DESC LIMIT :limit"
    ),
    "taken": _scoped(
        "SELECT i.consumer, i.consumed_at, o.event_id, o.event_type, o.correlation_id, o.automation_id"
        " FROM (SELECT * FROM platform.outbox WHERE OF_SCOPE) o JOIN platform.inbox i ON i.event_id = o.event_id"
        " UNION ALL SELECT h.key, h.value::timestamptz, p.event_id, p.event_type, p.correlation_id, p.automation_id"
        " FROM (SELECT * FROM platform.event_past WHERE OF_SCOPE) p, jsonb_each_text(p.heard) h"
        " ORDER BY consumed_at DESC LIMIT :limit"
    ),
    "pending": _scoped(
        "SELECT d.consumer, d.attempts, d.errors, d.next_at, o.event_id, o.event_type, o.occurred_at, o.correlation_id,"
        " o.automation_id FROM (SELECT * FROM platform.outbox WHERE OF_SCOPE) o"
        " JOIN platform.delivery d ON d.outbox_id = o.id ORDER BY o.id DESC LIMIT :limit"
    ),
    "letters": _scoped(
        "SELECT id, kind, queue, name, source_id, error, triage, created_at, resolved_at, resolved_by, resolution,"
        " correlation_id, automation_id FROM platform.dead_letter WHERE OF_SCOPE ORDER BY created_at DESC LIMIT :limit"
    ),
    "transitions": _scoped(
        "SELECT seq, recorded_at, entity, entity_id, from_state, to_state, actor, reason, correlation_id, automation_id"
        " FROM platform.transition_audit WHERE OF_SCOPE ORDER BY seq DESC LIMIT :limit"
    ),
    "decisions": _scoped(
        "SELECT subject, rules_version, count(*) AS number, count(DISTINCT decision) AS answers, min(decision) AS decision,"
        " min(seq) AS first_seq, max(seq) AS last_seq, max(recorded_at) AS recorded_at, correlation_id, automation_id"
        " FROM platform.decision_audit WHERE OF_SCOPE"
        " GROUP BY subject, rules_version, correlation_id, automation_id ORDER BY max(seq) DESC LIMIT :limit"
    ),
}


async def scope_of(conn: AsyncConnection, asked: str) -> Scope:
    """Return what the platform's tables know of an id: of a request, an automation, a job or a session."""
    prefix = asked.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + ":%"
    rows = (await conn.execute(_SEEDS, {"id": asked, "prefix": prefix})).all()
    if any(row.correlation_id == asked for row in rows):
        return Scope(asked, frozenset({asked}))
    return Scope(
        asked, frozenset(row.correlation_id for row in rows),
        frozenset(row.automation_id for row in rows if row.automation_id is not None),
        sessions=frozenset({asked}) if any(row.session_id == asked for row in rows) else frozenset(),
    )  # fmt: skip


async def widened(conn: AsyncConnection, scope: Scope) -> Scope:
    """Return the scope with the requests of its automations, and the jobs of all."""
    moved = text(
        "SELECT correlation_id FROM platform.execution WHERE automation_id = ANY(:automations)"
        " UNION SELECT correlation_id FROM platform.transition_audit WHERE automation_id = ANY(:automations)"
    )
    if scope.automations:
        found = (await conn.execute(moved, {"automations": sorted(scope.automations)})).scalars()
        scope = scope | Scope(scope.asked, frozenset(found))
    jobs = (await conn.execute(_JOBS, _of(scope))).all()
    enrolled = {row.payload.get("formationEnrollmentId") or row.payload.get("enrollmentId") for row in jobs}
    return scope | Scope(
        scope.asked, jobs=frozenset(row.id for row in jobs),
        enrollments=frozenset(each for each in enrolled if isinstance(each, str)),
    )  # fmt: skip


async def rows_of(conn: AsyncConnection, scope: Scope, limit: int) -> Mapping[str, list[Row[Any]]]:
    """Return the newest rows of every table that belong to the scope, by kind."""
    given = {**_of(scope), "limit": limit}
    return {kind: list(await conn.execute(statement, given)) for kind, statement in _STATEMENTS.items()}


def _of(scope: Scope) -> dict[str, list[str]]:
    return {"correlations": sorted(scope.correlations), "automations": sorted(scope.automations)}
