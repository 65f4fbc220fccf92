"""Turn jobs of the queue assembly-jobs into use cases, and their last failure into the session's state."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.close_derivatives import close_derivatives
from ruach_studio.assembly.usecases.compute_sync import compute_sync
from ruach_studio.assembly.usecases.fail_sync import fail_sync
from ruach_studio.assembly.usecases.free_sessions import QUEUE, SYNC_JOB, free_sessions
from ruach_studio.assembly.usecases.hearing import Hearing
from ruach_studio.assembly.usecases.options import options_of
from ruach_studio.assembly.usecases.weigh_dead_job import named, weigh
from ruach_studio.infra.queues import Execution, Handler, HandlerHooks, JobContext, JobError
from ruach_studio.infra.queues.report_progress import Reporter, until_cancelled
from ruach_studio.kernel.errors import Cancelled

WORKER = "worker:assembly"
ASSEMBLE_JOB = "assemble"
LISTEN_PART = 0.85  # of a job's time, when nothing was heard before (measured on 45 min of three cameras)


def handlers(services: AssemblyServices) -> dict[tuple[str, str], Handler]:
    """Return the handlers by (queue, job name)."""

    async def sync(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        session_id = payload["sessionId"]
        async with _listening(context, "sync") as (reporter, hearing):
            work = compute_sync(
                services, session_id, actor=payload["actor"], master=payload.get("master"), resumed=True, hearing=hearing
            )
            try:
                row = await until_cancelled(work, context.cancelled)
            except (Cancelled, asyncio.CancelledError):
                if context.cancelled.is_set():
                    async with services.database.transaction() as tx:
                        await fail_sync(tx, services, session_id, actor=WORKER, reason="the sync was cancelled")
                raise
            reporter.say(lambda: {"step": "sync", "progress": 1.0, "etaSeconds": 0.0})
        return {"sessionId": row.session_id, "syncVersion": row.version}

    async def make_draft(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        options = options_of(payload.get("options") or {})
        async with _listening(context, "assemble") as (reporter, hearing):
            work = assemble(services, payload["sessionId"], options=options, actor=payload["actor"], hearing=hearing)
            made = await until_cancelled(work, context.cancelled)
            reporter.say(lambda: {"step": "assemble", "progress": 1.0, "etaSeconds": 0.0})
        return {"sessionId": made.edl.session_id, "edlVersion": made.edl.version, "created": made.created}

    return {(QUEUE, SYNC_JOB): sync, (QUEUE, ASSEMBLE_JOB): make_draft}


def hooks(services: AssemblyServices) -> dict[tuple[str, str], HandlerHooks]:
    """Return what a dead job does to the session in the transaction that buries it, and what mends rows without one."""

    async def sync_died(tx: AsyncConnection, job: Execution, error: JobError) -> None:
        await fail_sync(tx, services, job.payload["sessionId"], actor=WORKER, reason=error.message)

    async def sweep() -> None:
        await free_sessions(services, actor=WORKER)

    async def close() -> None:
        await close_derivatives(services)

    return {
        (QUEUE, SYNC_JOB): HandlerHooks(
            on_dead=sync_died, triage=named, on_sweep=sweep, facts=weigh, subject=("sessionId",)
        ),
        (QUEUE, ASSEMBLE_JOB): HandlerHooks(triage=named, on_sweep=close, facts=weigh, subject=("sessionId",)),
    }


@asynccontextmanager
async def _listening(context: JobContext, then: str) -> AsyncIterator[tuple[Reporter, Callable[[Hearing], None]]]:
    """Report how far the files are heard, then that the step after it runs; gives (reporter, what to tell)."""
    async with Reporter(context) as reporter:
        reporter.say(lambda: {"step": "listen", "progress": 0.0, "etaSeconds": None})
        await reporter.flush()
        yield reporter, lambda hearing: reporter.say(partial(_shown, hearing, then))


def _shown(hearing: Hearing, then: str) -> dict[str, Any]:
    heard = hearing.part >= 1.0
    return {
        "step": then if heard else "listen", "progress": round(LISTEN_PART * hearing.part, 4), **hearing.to_wire(),
    }  # fmt: skip
