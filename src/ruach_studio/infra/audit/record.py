"""Turn a DecisionResult or a change of state into an audit row in the caller's transaction.

A decision's inputs are stored once, under their hash, in exactly the canonical text that was hashed, so that the rule can
be run again on them. Rows are chained under one lock that lasts until the transaction ends: record last, commit soon.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import store
from ruach_studio.infra.context import current, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import RuachError
from ruach_studio.kernel.hashing import canonical_json, sha256_hex


class InputsDiffer(RuachError):
    """The inputs handed to the audit are not those that the rule hashed."""

    code = "audit_inputs_differ"


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """One decision to record: its result, what it is about, and exactly the inputs that the rule read."""

    result: DecisionResult[Any]
    subject: str
    inputs: object


async def record_decision(tx: AsyncConnection, result: DecisionResult[Any], *, subject: str, inputs: object) -> None:
    """Record one decision. Raises InputsDiffer if `inputs` do not hash to the verdict's inputs_hash."""
    await record_decisions(tx, [DecisionEntry(result, subject, inputs)])


async def record_decisions(tx: AsyncConnection, entries: Iterable[DecisionEntry]) -> None:
    """Record decisions in order. Entries that share one inputs object are hashed and stored once."""
    entries = list(entries)
    if not entries:
        return
    texts: dict[str, str] = {}
    hash_of_object: dict[int, str] = {}
    rows: list[Mapping[str, Any]] = []
    automation_id = current().automation_id
    for entry in entries:
        verdict = entry.result.verdict
        if id(entry.inputs) not in hash_of_object:
            data = canonical_json(entry.inputs)
            hash_of_object[id(entry.inputs)] = digest = sha256_hex(data)
            texts[digest] = data.decode()
        found = hash_of_object[id(entry.inputs)]
        if found != verdict.inputs_hash:
            raise InputsDiffer(
                f"the verdict says {verdict.inputs_hash}, the inputs hash to {found}", subject=entry.subject,
                remedy="Hand over the very object that the rule hashed.",
            )  # fmt: skip
        told = {"subject": entry.subject, "automationId": automation_id, "result": entry.result.to_wire()}
        rows.append({
            "subject": entry.subject, "decision": verdict.decision, "rules_version": verdict.rules_version,
            "inputs_hash": found, "correlation_id": entry.result.correlation_id, "automation_id": automation_id,
            "entry": canonical_json(told).decode(),
        })  # fmt: skip
    await store.insert_decisions(tx, rows, texts)


async def record_transition(
    tx: AsyncConnection, *, entity: str, entity_id: str, from_state: str | None, to_state: str, actor: str, reason: str = ""
) -> None:
    """Record that `actor` (an account, a command, a worker) took an entity from one state to another."""
    correlation_id, automation_id = require_correlation_id(), current().automation_id
    told = {
        "entity": entity, "entityId": entity_id, "from": from_state, "to": to_state, "actor": actor, "reason": reason,
        "correlationId": correlation_id, "automationId": automation_id,
    }  # fmt: skip
    row = {
        "entity": entity, "entity_id": entity_id, "from_state": from_state, "to_state": to_state, "actor": actor,
        "reason": reason, "correlation_id": correlation_id, "automation_id": automation_id,
        "entry": canonical_json(told).decode(),
    }  # fmt: skip
    await store.insert_transition(tx, row)
