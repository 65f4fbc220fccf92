"""The SQL of the audit. Sequence numbers and hashes are made by triggers, whoever inserts."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db import DirectStatement

CHAINS = ("decision_audit", "transition_audit")
_PAGE = 1000

# One statement for both: every decision that a member waits for is recorded before it is given.
_DECISIONS = DirectStatement(
    text(
        "WITH inputs AS (INSERT INTO platform.decision_input (hash, inputs)"
        " SELECT * FROM json_each_text(CAST(:texts AS json)) ORDER BY 1 ON CONFLICT (hash) DO NOTHING)"
        " INSERT INTO platform.decision_audit"
        " (subject, decision, rules_version, inputs_hash, correlation_id,"
        " automation_id, entry) SELECT r.subject, r.decision, r.rules_version, r.inputs_hash, r.correlation_id,"
        " r.automation_id, r.entry"
        " FROM ROWS FROM (json_to_recordset(CAST(:rows AS json)) AS (subject text, decision text, rules_version text,"
        " inputs_hash text, correlation_id text, automation_id text, entry text)) WITH ORDINALITY AS r ORDER BY r.ordinality"
    )
)
_TRANSITION = text(
    "INSERT INTO platform.transition_audit (entity, entity_id, from_state, to_state, actor, reason, correlation_id,"
    " automation_id, entry) VALUES (:entity, :entity_id, :from_state, :to_state, :actor, :reason, :correlation_id,"
    " :automation_id, :entry)"
)
_LIST_DECISIONS = text(
    "SELECT seq, subject, automation_id, recorded_at, entry FROM platform.decision_audit"
    " WHERE (CAST(:correlation_id AS text) IS NULL OR correlation_id = :correlation_id)"
    " AND (CAST(:automation_id AS text) IS NULL OR automation_id = :automation_id)"
    " AND (CAST(:subject AS text) IS NULL OR subject = :subject) AND seq < :before_seq ORDER BY seq DESC LIMIT :limit"
)
_LIST_TRANSITIONS = text(
    "SELECT seq, recorded_at, entry FROM platform.transition_audit"
    " WHERE (CAST(:entity AS text) IS NULL OR entity = :entity)"
    " AND (CAST(:entity_id AS text) IS NULL OR entity_id = :entity_id)"
    " AND (CAST(:correlation_id AS text) IS NULL OR correlation_id = :correlation_id)"
    " AND (CAST(:automation_id AS text) IS NULL OR automation_id = :automation_id) ORDER BY seq DESC LIMIT :limit"
)
_CHAIN_PAGES = {
    "decision_audit": text(
        "SELECT a.seq, a.entry, a.prev_hash, a.hash, a.inputs_hash, a.subject, a.decision, a.rules_version,"
        " a.correlation_id, a.automation_id, i.hash IS NOT NULL AS has_inputs"
        " FROM platform.decision_audit a LEFT JOIN platform.decision_input i ON i.hash = a.inputs_hash"
        " WHERE a.seq > :after ORDER BY a.seq LIMIT :limit"
    ),
    "transition_audit": text(
        "SELECT seq, entry, prev_hash, hash, entity, entity_id, from_state, to_state, actor, reason, correlation_id,"
        " automation_id FROM platform.transition_audit WHERE seq > :after ORDER BY seq LIMIT :limit"
    ),
}
_MAX_SEQ = 2**62


async def insert_decisions(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> None:
    """Append decisions in the given order, and their canonical inputs under their hashes; inputs already there stay.

    The chain's lock comes first and lasts until the transaction ends: a rival with the same inputs waits for that one lock.
    """
    await _DECISIONS.run(tx, {"texts": json.dumps(texts), "rows": json.dumps(rows)})


async def insert_transition(tx: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Append one change of state."""
    await tx.execute(_TRANSITION, dict(row))


async def list_decisions(
    conn: AsyncConnection, *, correlation_id: str | None = None, automation_id: str | None = None,
    subject: str | None = None, limit: int = 200, before_seq: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the newest decisions that match, as {seq, subject, automationId, recordedAt, result: DecisionResult}."""
    given = {
        "correlation_id": correlation_id, "automation_id": automation_id, "subject": subject, "limit": limit,
        "before_seq": _MAX_SEQ if before_seq is None else before_seq,
    }  # fmt: skip
    return [
        {
            "seq": row.seq, "subject": row.subject, "automationId": row.automation_id,
            "recordedAt": row.recorded_at.isoformat(), "result": json.loads(row.entry)["result"],
        }
        for row in await conn.execute(_LIST_DECISIONS, given)
    ]  # fmt: skip


async def list_transitions(
    conn: AsyncConnection, *, entity: str | None = None, entity_id: str | None = None, correlation_id: str | None = None,
    automation_id: str | None = None, limit: int = 200,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the newest changes of state that match, as {seq, recordedAt, entity, entityId, from, to, actor, reason, …}."""
    given = {
        "entity": entity, "entity_id": entity_id, "correlation_id": correlation_id, "automation_id": automation_id,
        "limit": limit,
    }  # fmt: skip
    rows = await conn.execute(_LIST_TRANSITIONS, given)
    return [{"seq": row.seq, "recordedAt": row.recorded_at.isoformat(), **json.loads(row.entry)} for row in rows]


async def stored_inputs(conn: AsyncConnection, inputs_hash: str) -> Any:
    """Return the inputs of a decision as plain JSON values; None if there are none under that hash."""
    found = await conn.scalar(text("SELECT inputs FROM platform.decision_input WHERE hash = :hash"), {"hash": inputs_hash})
    return None if found is None else json.loads(found)


async def altered_inputs(conn: AsyncConnection) -> set[str]:
    """Return the hashes of stored inputs that no longer hash to them."""
    statement = text(
        "SELECT hash FROM platform.decision_input WHERE hash <> encode(sha256(convert_to(inputs, 'UTF8')), 'hex')"
    )
    return set((await conn.execute(statement)).scalars())


async def chain_rows(conn: AsyncConnection, chain: str) -> AsyncIterator[Mapping[str, Any]]:
    """Yield every row of a chain in order, a thousand at a time."""
    after = -_MAX_SEQ
    while True:
        rows = (await conn.execute(_CHAIN_PAGES[chain], {"after": after, "limit": _PAGE})).mappings().all()
        for row in rows:
            yield dict(row)
        if len(rows) < _PAGE:
            return
        after = rows[-1]["seq"]


async def chain_head(conn: AsyncConnection, chain: str) -> tuple[int, str]:
    """Return (sequence number, hash) of the last row as it was when written."""
    statement = text("SELECT seq, hash FROM platform.audit_head WHERE chain = :chain")
    row = (await conn.execute(statement, {"chain": chain})).one()
    return int(row.seq), str(row.hash)
