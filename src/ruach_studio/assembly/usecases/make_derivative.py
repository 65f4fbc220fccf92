"""Turn a job of media-transcoding into a finished derivative and its row; a second run of the job finds what the first made.

The row says queued, running, ready, failed or cancelled, and is moved in the transaction that moves the job where there is
one. A row whose job ended without a word is closed by the sweep.
"""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.derivative import Kind
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import derivatives
from ruach_studio.assembly.usecases.derive_files import Made, derivative_id, derive, folder_of, removed_on_error
from ruach_studio.infra.media import check_media, resolve_under
from ruach_studio.infra.queues import Execution, JobContext, JobError, open_payloads
from ruach_studio.infra.queues.report_progress import Reporter, until_cancelled
from ruach_studio.kernel.errors import Cancelled, Conflict

QUEUE = "media-transcoding"
DERIVE_JOB = "derive"


class SourceChanged(Conflict):
    """The file is not the one that was asked about."""

    code = "source_changed"


def root_of(services: AssemblyServices) -> Path:
    """Return the folder that holds every derivative."""
    return services.settings.data_dir / "derivatives"


async def make_derivative(services: AssemblyServices, context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run the job. Raises what `derive` raises, PathRefused, SourceChanged, Cancelled."""
    name, kind = str(payload["derivativeId"]), _kind(payload)
    path = resolve_under(str(payload["path"]), services.settings.media_roots)
    if not await _begin(services, name, context.job_id):
        return {"derivativeId": name, "state": "ready"}
    await asyncio.to_thread(check_media, path, need_audio=False, need_video=False)  # a file that is gone is said to be
    if await asyncio.to_thread(derivative_id, path, kind) != name:
        raise SourceChanged("it was replaced meanwhile", subject=str(path), remedy="Ask for it again.")
    async with Reporter(context) as reporter:

        def tell(part: float, left_s: float | None) -> None:
            eta_s = None if left_s is None else round(left_s, 1)
            reporter.say(lambda: {"step": kind, "progress": round(part, 4), "etaSeconds": eta_s, "file": path.name})

        tell(0.0, None)
        try:
            made = await until_cancelled(derive(path, kind, root_of(services), tell), context.cancelled)
        except (Cancelled, asyncio.CancelledError):
            if context.cancelled.is_set():
                await _close(services, name, context.job_id)
            raise
        await _record(services, name, context.job_id, made)
        tell(1.0, 0.0)
    return {"derivativeId": name, "state": "ready"}


async def follow_retry(tx: AsyncConnection, services: AssemblyServices, failed: Execution, next_id: str) -> None:
    """Let the row wait for the job's next run."""
    await _move(tx, services, failed, state="queued", job_id=next_id)


async def bury(tx: AsyncConnection, services: AssemblyServices, dead: Execution, error: JobError) -> None:
    """Say in the row why there is no such derivative."""
    said = {key: value for key, value in error.to_wire().items() if key != "traceback"}
    await _move(tx, services, dead, state="failed", error=said)


async def close_orphans(services: AssemblyServices) -> None:
    """Close every row whose job was cancelled or removed while it waited."""
    async with services.database.connection() as conn:
        waiting = await derivatives.unfinished(conn)
    if not waiting:
        return
    async with services.database.transaction() as tx:
        held = [row for each in waiting if (row := await derivatives.lock(tx, each.derivative_id)) is not None]
        at_work = {payload.get("derivativeId") for payload in await open_payloads(tx, QUEUE, DERIVE_JOB)}
        for row in held:
            if row.state in derivatives.UNFINISHED and row.derivative_id not in at_work:
                await derivatives.put(tx, row.derivative_id, at=services.clock.now(), state="cancelled")


async def _begin(services: AssemblyServices, name: str, job_id: str) -> bool:
    """Move the row to running; False if it is ready and its files are there."""
    async with services.database.transaction() as tx:
        row = await derivatives.lock(tx, name)
        if row is None or row.job_id != job_id:
            raise Cancelled("another job makes it", subject=name)
        if row.state == "ready" and folder_of(root_of(services), name).is_dir():
            return False
        await derivatives.put(tx, name, at=services.clock.now(), state="running", error=None)
    return True


async def _record(services: AssemblyServices, name: str, job_id: str, made: Made) -> None:
    with removed_on_error(made):
        async with services.database.transaction() as tx:
            row = await derivatives.lock(tx, name)
            if row is None or (row.job_id, row.state) != (job_id, "running"):
                raise Cancelled("it was cancelled in the last moment", subject=name)
            await derivatives.put(tx, name, at=services.clock.now(), state="ready", facts=made.facts, error=None)


async def _close(services: AssemblyServices, name: str, job_id: str) -> None:
    async with services.database.transaction() as tx:
        row = await derivatives.lock(tx, name)
        if row is not None and row.job_id == job_id and row.state in derivatives.UNFINISHED:
            await derivatives.put(tx, name, at=services.clock.now(), state="cancelled")
    folder = folder_of(root_of(services), name)
    if row is not None and row.state != "ready":
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _move(tx: AsyncConnection, services: AssemblyServices, job: Execution, **values: Any) -> None:
    row = await derivatives.lock(tx, str(job.payload.get("derivativeId")))
    if row is not None and row.job_id == job.job_id:
        await derivatives.put(tx, row.derivative_id, at=services.clock.now(), **values)


def _kind(payload: Mapping[str, Any]) -> Kind:
    kind: Kind = payload["kind"]
    return kind
