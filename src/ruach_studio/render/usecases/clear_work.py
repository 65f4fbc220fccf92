"""Turn working folders that nobody will use again into free room: what a killed worker left of a job that is over.

A worker removes its folder after the job's last transaction; killed between the two it cannot, and nobody takes the job up
again. A folder goes when the newest job of its automation and format is completed or cancelled; that of the mezzanines, when
this is so of every format of its automation. One of a job that waits, works or lies in the dead letters stays: a retry goes
on after its last finished step; so does one in which somebody works, as a cancelled run does until it has ended. Every
worker looks every 2 s.
"""

import asyncio
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.ids import is_uuid4
from ruach_studio.render.store import jobs
from ruach_studio.render.usecases.hold_folder import LOCK, held, remove
from ruach_studio.render.usecases.services import MEZZANINES, RenderServices

_EMPTY_FOR_S = 3600.0
_OVER = frozenset({"completed", "cancelled"})

log = get_logger(__name__)


async def clear_work(services: RenderServices) -> list[Path]:
    """Remove the folders of jobs that are over; return them."""
    found = await asyncio.to_thread(_folders, services.settings.data_dir / "render-work")
    gone = [folder for folder in found if await clear_if_over(services, folder)]
    if gone:
        log.info("render.work.cleared", folders=[str(each) for each in gone])
    return gone


async def clear_if_over(services: RenderServices, folder: Path) -> bool:
    """Remove a working folder and return True if nobody works there, and the last of its jobs is completed or cancelled."""
    over, formats = await _is_over(services, folder)
    if not over:
        return False
    with ExitStack() as stack:
        # A run holds its format's folder from before its first look on: none begins between our second look and the end.
        if not all(stack.enter_context(held(folder.with_name(each))) for each in formats):
            return False
        over, now = await _is_over(services, folder)
        if over and now == formats:
            await remove(folder)
            return True
    return False


async def _is_over(services: RenderServices, folder: Path) -> tuple[bool, list[str]]:
    """Say whether no job will use `folder` again, and name the formats whose jobs it serves."""
    async with services.database.connection() as conn:
        every = await jobs.of_automation(conn, folder.parent.name)
    found = [job for job in every if folder.name in (job.format, MEZZANINES)]
    followed = {job.retry_of for job in found}  # not by time: a clock that was set back would lie
    newest = [job for job in found if job.render_job_id not in followed]
    return bool(newest) and all(job.state in _OVER for job in newest), sorted({job.format for job in found})


def _folders(root: Path) -> list[Path]:
    """Return <root>/<automation>/<format>; automations whose folder has been empty for an hour lose it."""
    found = []
    for automation in root.iterdir() if root.is_dir() else ():
        if not is_uuid4(automation.name):
            continue
        inside = [each for each in automation.iterdir() if each.is_dir()]
        found += inside
        for lock in automation.glob(f"*{LOCK}"):
            if not (folder := lock.with_name(lock.name.removesuffix(LOCK))).exists():
                with held(folder):  # a killed worker's; letting go of it removes it
                    pass
        if not inside and time.time() - automation.stat().st_mtime > _EMPTY_FOR_S:
            with suppress(OSError):  # a job has just begun in it
                automation.rmdir()
    return found
