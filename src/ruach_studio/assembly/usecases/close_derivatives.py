"""Turn rows whose job was cancelled or removed while it waited into cancelled ones: nobody tells of such an end.

Every other end of a job is told by event. Every worker of assembly looks every 2 s, in the platform's register of jobs.
A job that is not in it yet is on its way to render.
"""

from ruach_studio.assembly.derivative import UNFINISHED
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import derivatives
from ruach_studio.infra.queues import states_of


async def close_derivatives(services: AssemblyServices) -> None:
    """Close every row whose job is cancelled."""
    async with services.database.connection() as conn:
        waiting = [row for row in await derivatives.unfinished(conn) if row.job_id is not None]
        states = await states_of(conn, [str(row.job_id) for row in waiting]) if waiting else {}
    for each in waiting:
        if states.get(str(each.job_id)) == "cancelled":
            async with services.database.transaction() as tx:
                row = await derivatives.lock(tx, each.derivative_id)
                if row is not None and row.job_id == each.job_id and row.state in UNFINISHED:
                    await derivatives.put(tx, row.derivative_id, at=services.clock.now(), state="cancelled")
