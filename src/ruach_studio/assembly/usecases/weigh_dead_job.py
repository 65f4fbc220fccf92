"""Turn a dead job into the playbook's row and into what its alarms count: the largest file, the largest offset."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.store.syncs import SyncNotFound
from ruach_studio.assembly.triage import triage_of
from ruach_studio.infra.queues import Execution, JobError


def named(_execution: Execution, error: JobError) -> Mapping[str, Any] | None:
    """Name the playbook's row for a dead job of this pillar; None where nobody knows one."""
    row = triage_of(error.code, error.message)
    return None if row is None else row.to_wire()


async def weigh(tx: AsyncConnection, execution: Execution) -> Mapping[str, Any]:
    """Measure the session of a dead job: `largestFileBytes`, and `largestOffsetS` if it was ever synced."""
    session_id = str(execution.payload.get("sessionId"))
    found: dict[str, Any] = {"largestFileBytes": await sessions.largest_file_bytes(tx, session_id)}
    try:
        placements = (await syncs.get(tx, session_id)).solution.placements
    except SyncNotFound:
        return found
    return found | {"largestOffsetS": max((abs(each.offset_s) for each in placements), default=0.0)}
