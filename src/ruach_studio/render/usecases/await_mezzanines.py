"""Turn the mezzanines that a render's browser needs into jobs of media-transcoding, and wait until all are there.

One job for each file with missing pieces. Nobody depends on that queue: a file of which nothing is made and nobody makes
anything for `GRACE_S` (no worker takes the queue, it is busy with proxies, the maker died or failed) is made by the render
itself, piece by piece, until somebody else is at it again. So a failure has its cause on the render's own ladder.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues import list_executions
from ruach_studio.kernel.errors import Cancelled, Unavailable
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.ports import Mezzanine, ReadsMezzanines, RemotionRunner
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.usecases.disk import disk_errors
from ruach_studio.render.usecases.follow_progress import ProgressReporter
from ruach_studio.render.usecases.make_derivative import QUEUE
from ruach_studio.render.usecases.services import RenderServices, mezzanine_folder

MEZZANINE_JOB = "mezzanine"
GRACE_S = 10.0
LOOK_EVERY_S = 0.25
_MOST_JOBS = 10_000

log = get_logger(__name__)


@dataclass(slots=True)
class _File:
    """The pieces of one file that the render needs, how many are there, and since when nobody else is at it."""

    source: str
    pieces: Sequence[Mezzanine]
    idle_since: float
    there: int = 0

    def look(self, now: float) -> None:
        """Count anew what is there; others are at the file if it has become more, or a missing piece is claimed."""
        missing = [piece for piece in self.pieces if not piece.is_there()]
        there = len(self.pieces) - len(missing)
        if there != self.there or any(piece.is_claimed() for piece in missing):
            self.idle_since = now
        self.there = there

    async def make_one(self, cancelled: asyncio.Event) -> None:
        """Make the first missing piece, unless somebody has just begun it."""
        piece = next((each for each in self.pieces if not each.is_there()), None)
        if piece is not None and await piece.make(cancelled) != "elsewhere":
            self.there += 1  # our own doing: nobody else has come to it


async def await_mezzanines(
    services: RenderServices, runner: RemotionRunner, job: RenderJob, plan: RenderPlan, report: ProgressReporter,
    cancelled: asyncio.Event,
) -> Path:  # fmt: skip
    """Return the folder of the automation's mezzanines once all that `plan` needs are there.

    Nothing to do for a runner that reads no mezzanines. Raises Cancelled, and what making a piece raises.
    """
    folder = mezzanine_folder(services, job.automation_id)
    if isinstance(runner, ReadsMezzanines) and not plan.preset.is_still:
        with disk_errors(folder):
            pieces = await runner.mezzanines(plan, folder)
            if not all(piece.is_there() for piece in pieces):
                await _made(services, job, pieces, report, cancelled)
    return folder


async def withdraw_mezzanines(
    tx: AsyncConnection, services: RenderServices, job: RenderJob, states: Sequence[str] = ("queued", "running")
) -> None:
    """Cancel what `job` has asked for and is in one of `states`."""
    for row in await _asked(tx, job):
        if row["state"] in states:
            await services.queue.cancel(tx, row["id"])


async def _made(
    services: RenderServices, job: RenderJob, pieces: Sequence[Mezzanine], report: ProgressReporter, cancelled: asyncio.Event
) -> None:
    by_source = defaultdict[str, list[Mezzanine]](list)
    for piece in pieces:
        by_source[piece.source].append(piece)
    now = asyncio.get_running_loop().time()
    files = [_File(source, own, now) for source, own in by_source.items()]
    unneeded: tuple[str, ...] = ("queued", "running")
    try:
        await asyncio.to_thread(_look, files, now)
        await _ask(services, job, [file.source for file in files if file.there < len(file.pieces)])
        await _wait(files, report, cancelled)
        unneeded = ("queued",)  # one that runs has nothing left to do and ends by itself
    finally:
        with suppress(Unavailable):  # its handler sees that the render has gone on
            async with services.database.transaction() as tx:
                await withdraw_mezzanines(tx, services, job, unneeded)


async def _ask(services: RenderServices, job: RenderJob, sources: Sequence[str]) -> None:
    """Queue a job for each file, but for those that an earlier run of this render has asked for and that still wait or work.

    Priority 0, so that they take their turn among the proxies; helpers of other queues come after all of them.
    """
    async with services.database.transaction() as tx:
        asked = {row["payload"]["path"] for row in await _asked(tx, job) if row["state"] in ("queued", "running")}
        fresh = [source for source in sources if source not in asked]
        for source in fresh:
            payload = {"renderJobId": job.render_job_id, "path": source}
            await services.queue.add(tx, QUEUE, MEZZANINE_JOB, payload, automation_id=job.automation_id)
    if fresh:
        log.info("mezzanines.asked", files=fresh)


async def _wait(files: Sequence[_File], report: ProgressReporter, cancelled: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    while True:
        if cancelled.is_set():
            raise Cancelled("the render was cancelled while it waited for mezzanines", subject="mezzanines")
        await asyncio.to_thread(_look, files, loop.time())
        missing = [file for file in files if file.there < len(file.pieces)]
        if not missing:
            return
        report.waiting(_told(missing))
        late = next((file for file in missing if loop.time() - file.idle_since >= GRACE_S), None)
        if late is not None:
            await late.make_one(cancelled)
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(cancelled.wait(), LOOK_EVERY_S)


def _look(files: Sequence[_File], now: float) -> None:
    for file in files:
        file.look(now)


def _told(files: Sequence[_File]) -> str:
    each = ", ".join(f"{Path(file.source).name} {file.there} of {len(file.pieces)}" for file in files)
    return f"waiting for mezzanines: {each}"


async def _asked(conn: AsyncConnection, job: RenderJob) -> list[Mapping[str, Any]]:
    rows = await list_executions(conn, automation_id=job.automation_id, queue=QUEUE, limit=_MOST_JOBS)
    return [row for row in rows if row["name"] == MEZZANINE_JOB and row["payload"]["renderJobId"] == job.render_job_id]
