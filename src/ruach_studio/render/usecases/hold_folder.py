"""Turn "who works in this folder?" into one answer, among the runs of one process and of several that share a disk.

The answer is a lock on a file beside the folder; the kernel lets go of it when its holder dies, however it dies. Who lets go
removes the file. So whoever gets a lock looks whether its file still lies at the path: if not, it counts for nobody.
"""

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.threads import in_thread
from ruach_studio.kernel.errors import Cancelled

LOCK = ".lock"
PATIENCE_S = 120.0
_POLL_S = 0.1

log = get_logger(__name__)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold `folder`, which need not exist, for the length of the block; False where somebody else holds it."""
    path = folder.with_name(folder.name + LOCK)
    handle = _taken(path)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            path.unlink(missing_ok=True)
            os.close(handle)


@asynccontextmanager
async def at_work_in(folder: Path, cancelled: asyncio.Event) -> AsyncIterator[Path]:
    """Hold `folder` once nobody else works in it any more. Raises Cancelled if told to stop before that.

    Who holds it for PATIENCE_S more stands still (a run that is told to end takes seconds): then this one goes on beside it,
    as chunks have claims of their own.
    """
    began_s = time.monotonic()
    told = False
    while True:
        with held(folder) as mine:
            late = time.monotonic() - began_s >= PATIENCE_S
            if mine or late:
                if not mine:
                    log.warning("render.folder.shared", folder=str(folder), waited_s=PATIENCE_S)
                yield folder
                return
        if not told:
            log.info("render.folder.busy", folder=str(folder))
            told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(cancelled.wait(), _POLL_S)
            raise Cancelled("cancelled before the run before it had ended", subject=folder.name)


async def remove(folder: Path) -> None:
    """Remove `folder`; it is done with when this ends, also if the caller is cancelled. Call it while holding the folder."""
    await in_thread(lambda _stop: shutil.rmtree(folder, ignore_errors=True))


def _taken(path: Path) -> int | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:  # the automation's empty folder was cleared away in between
        return None
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    os.close(handle)
    return None
