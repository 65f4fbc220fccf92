"""Turn "stop making that" into a cancelled row and the word to render, in one transaction.

The row is cancelled at once; what render still tells of that ladder changes nothing any more. Render stops when it hears of
it, and before it has begun it never begins.
"""

from collections.abc import Mapping
from typing import Any

from ruach_studio.assembly.derivative import UNFINISHED
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import derivatives
from ruach_studio.events.derivative import DerivativeWithdrawn, Wanted
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues import chain_of
from ruach_studio.kernel.derivative import RECIPES


async def withdraw_derivative(
    services: AssemblyServices, session_id: str, job: Mapping[str, Any], *, actor: str, reason: str
) -> bool:
    """Withdraw what `job` (as list_jobs.find_job gives it) was to make; False if it is made already."""
    payload = job["payload"]
    name, job_id, kind = str(payload["derivativeId"]), str(job["id"]), payload["kind"]
    async with services.database.transaction() as tx:
        row = await derivatives.lock(tx, name)
        ladder = {job_id, *(each["jobId"] for each in await chain_of(tx, job_id))}
        if row is not None and row.job_id in ladder:
            if row.state not in UNFINISHED:
                return False
            await derivatives.put(tx, name, at=services.clock.now(), state="cancelled", job_id=job_id)
        wanted = Wanted(name, job_id, kind, str(payload["path"]), int(payload.get("recipe", RECIPES[kind])))
        await publish(tx, DerivativeWithdrawn(session_id, actor, reason, wanted))
    return True
