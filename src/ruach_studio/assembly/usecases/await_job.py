"""Turn a job that render has not heard of yet into its states until it is in the register, where it can be followed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.list_jobs import find_job
from ruach_studio.infra.queues import get_execution
from ruach_studio.infra.queues.port import TERMINAL

POLL_S = 0.5


async def await_job(services: AssemblyServices, session_id: str, job_id: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the job (as `find_job` gives it) when its state changes; end once the register has it, or it was withdrawn.

    Raises SessionNotFound, JobNotFound.
    """
    shown = None
    while shown not in TERMINAL:
        async with services.database.connection() as conn:
            if await get_execution(conn, job_id) is not None:
                return
        job = await find_job(services, session_id, job_id)
        if job["state"] != shown:
            shown = job["state"]
            yield job
        await asyncio.sleep(POLL_S)
