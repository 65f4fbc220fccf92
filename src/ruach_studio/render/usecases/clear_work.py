"""Turn working folders that nobody will use again into free room: what a killed worker left of a job that is over.

A worker removes its folder after the job's last transaction; killed between the two it cannot, and nobody takes the job up
again. A folder goes when the newest job of its automation and format is completed or cancelled; that of the mezzanines, when
this is so of every format of its automation. One of a job that waits, works or lies in the dead letters stays: a retry goes
on after its last finished step. Every worker looks every 2 s.
"""

import asyncio
import shutil
import time
from contextlib import suppress
from pathlib import Path

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.ids import is_uuid4
from ruach_studio.render.store import jobs
from ruach_studio.render.usecases.services import MEZZANINES, RenderServices

_EMPTY_FOR_S = 3600.0
_OVER = frozenset({"completed", "cancelled"})

log = get_logger(__name__)


async def clear_work(services: RenderServices) -> list[Path]:
    """Remove the folders of jobs that are over; return them."""
    gone = []
    for folder in await asyncio.to_thread(_folders, services.settings.data_dir / "render-work"):
        async with services.database.connection() as conn:
            every = await jobs.of_automation(conn, folder.parent.name)
        found = [job for job in every if folder.name in (job.format, MEZZANINES)]
        followed = {job.retry_of for job in found}  # not by time: a clock that was set back would lie
        newest = [job for job in found if job.render_job_id not in followed]
        if newest and all(job.state in _OVER for job in newest):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            gone.append(folder)
    if gone:
        log.info("render.work.cleared", folders=[str(each) for each in gone])
    return gone


def _folders(root: Path) -> list[Path]:
    """Return <root>/<automation>/<format>; automations whose folder has been empty for an hour lose it."""
    found = []
    for automation in root.iterdir() if root.is_dir() else ():
        if not is_uuid4(automation.name):
            continue
        inside = [each for each in automation.iterdir() if each.is_dir()]
        found += inside
        if not inside and time.time() - automation.stat().st_mtime > _EMPTY_FOR_S:
            with suppress(OSError):  # a job has just begun in it
                automation.rmdir()
    return found
