"""Turn jobs of the queue media-transcoding into proxies, peaks and thumbnails, and their ends into rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.make_derivative import (
    DERIVE_JOB,
    QUEUE,
    bury,
    close_orphans,
    follow_retry,
    make_derivative,
)
from ruach_studio.assembly.usecases.weigh_dead_job import named, weigh
from ruach_studio.infra.queues import Execution, Handler, HandlerHooks, JobContext, JobError


def handlers(services: AssemblyServices) -> dict[tuple[str, str], Handler]:
    """Return the handler by (queue, job name)."""

    async def work(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return await make_derivative(services, context, payload)

    return {(QUEUE, DERIVE_JOB): work}


def hooks(services: AssemblyServices) -> dict[tuple[str, str], HandlerHooks]:
    """Return what a failed or dead job does to its row, and what closes rows without a job."""

    async def retried(tx: AsyncConnection, failed: Execution, next_id: str, _error: JobError) -> None:
        await follow_retry(tx, services, failed, next_id)

    async def died(tx: AsyncConnection, dead: Execution, error: JobError) -> None:
        await bury(tx, services, dead, error)

    async def sweep() -> None:
        await close_orphans(services)

    return {
        (QUEUE, DERIVE_JOB): HandlerHooks(
            on_retry=retried, on_dead=died, triage=named, on_sweep=sweep, facts=weigh, subject=("derivativeId",)
        )
    }
