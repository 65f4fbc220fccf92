"""Turn jobs of the queue assembly-jobs into use cases, and their last failure into the session's state."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.compute_sync import compute_sync
from ruach_studio.assembly.usecases.fail_sync import fail_sync
from ruach_studio.assembly.usecases.options import options_of
from ruach_studio.assembly.usecases.request_sync import QUEUE
from ruach_studio.infra.queues import Execution, Handler, HandlerHooks, JobContext, JobError

WORKER = "worker:assembly"


def handlers(services: AssemblyServices) -> dict[tuple[str, str], Handler]:
    """Return the handlers by (queue, job name)."""

    async def sync(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        await context.progress({"step": "listen", "progress": 0.0})
        session_id = payload["sessionId"]
        try:
            row = await compute_sync(
                services, session_id, actor=payload["actor"], master=payload.get("master"), resumed=True
            )
        except asyncio.CancelledError:
            if context.cancelled.is_set():
                async with services.database.transaction() as tx:
                    await fail_sync(tx, services, session_id, actor=WORKER, reason="the sync was cancelled")
            raise
        return {"sessionId": row.session_id, "syncVersion": row.version}

    async def make_draft(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        await context.progress({"step": "assemble", "progress": 0.0})
        options = options_of(payload.get("options") or {})
        made = await assemble(services, payload["sessionId"], options=options, actor=payload["actor"])
        return {"sessionId": made.edl.session_id, "edlVersion": made.edl.version, "created": made.created}

    return {(QUEUE, "sync"): sync, (QUEUE, "assemble"): make_draft}


def hooks(services: AssemblyServices) -> dict[tuple[str, str], HandlerHooks]:
    """Return what a dead job does to the session, in the transaction that buries it."""

    async def sync_died(tx: AsyncConnection, job: Execution, error: JobError) -> None:
        await fail_sync(tx, services, job.payload["sessionId"], actor=WORKER, reason=error.message)

    return {(QUEUE, "sync"): HandlerHooks(on_dead=sync_died)}
