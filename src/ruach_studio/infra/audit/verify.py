"""Turn the stored audit into a list of faults: altered, missing, inserted or reordered rows, altered inputs.

hash(n) = SHA-256(hash(n-1), newline, n, newline, entry). The columns that are searched must say what the entry says. Who
can switch triggers off can also rewrite the whole chain: note the head (`store.chain_head`) outside the database.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import store


@dataclass(frozen=True, slots=True)
class AuditFault:
    """One thing that is wrong: in which chain, at which row, what."""

    chain: str
    seq: int
    fact: str


async def verify_chain(conn: AsyncConnection) -> list[AuditFault]:
    """Recompute both chains; an empty list means that nothing was touched. Others may go on recording meanwhile."""
    altered = await store.altered_inputs(conn)
    return [fault for chain in store.CHAINS for fault in await _verify(conn, chain, altered)]


async def _verify(conn: AsyncConnection, chain: str, altered_inputs: set[str]) -> list[AuditFault]:
    faults: list[AuditFault] = []
    head_seq, head_hash = await store.chain_head(conn, chain)
    head_stands = head_seq == 0
    last_seq, last_hash = 0, ""
    async for row in store.chain_rows(conn, chain):
        seq = row["seq"]
        if seq != last_seq + 1:
            faults.append(AuditFault(chain, seq, f"rows {last_seq + 1} to {seq - 1} are missing"))
        elif row["prev_hash"] != last_hash:
            faults.append(AuditFault(chain, seq, "it does not continue the row before it"))
        if row["hash"] != _hash(row["prev_hash"], seq, row["entry"]):
            faults.append(AuditFault(chain, seq, "its hash does not fit its content"))
        faults.extend(AuditFault(chain, seq, fact) for fact in _contradictions(row))
        head_stands = head_stands or (seq, row["hash"]) == (head_seq, head_hash)
        if row.get("has_inputs") is False or row.get("inputs_hash") in altered_inputs:
            faults.append(AuditFault(chain, seq, "its inputs are missing or altered"))
        last_seq, last_hash = seq, row["hash"]
    if not head_stands:
        faults.append(AuditFault(chain, head_seq, "the row that was written last is missing or altered"))
    return faults


def _hash(prev_hash: str, seq: int, entry: str) -> str:
    return hashlib.sha256(f"{prev_hash}\n{seq}\n{entry}".encode()).hexdigest()


def _contradictions(row: Mapping[str, Any]) -> Iterator[str]:
    try:
        told = json.loads(row["entry"])
        result = told.get("result", {})
    except (ValueError, AttributeError):
        yield "its entry is not a JSON object"
        return
    said = {
        "subject": told.get("subject"), "automation_id": told.get("automationId"), "entity": told.get("entity"),
        "entity_id": told.get("entityId"), "from_state": told.get("from"), "to_state": told.get("to"),
        "actor": told.get("actor"), "reason": told.get("reason"), "decision": result.get("decision"),
        "correlation_id": result.get("correlationId", told.get("correlationId")),
        "rules_version": result.get("rulesVersion"), "inputs_hash": result.get("inputsHash"),
    }  # fmt: skip
    for column, value in said.items():
        if column in row and row[column] != value:
            yield f"its column {column} does not say what its entry says"
