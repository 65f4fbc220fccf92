"""Turn a working folder into one that a single run uses: who tidies up would else take another run's work with it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ruach_studio.kernel.errors import Conflict


class FolderInUse(Conflict):
    """Another render works in this folder."""

    code = "folder_in_use"


@contextmanager
def alone_in(work: Path) -> Iterator[None]:
    """Make `work` and hold it for the length of the block; a killed run's lock is gone with it. Raises FolderInUse, OSError.

    The lock is on the folder itself, so that nothing is left when it is removed inside the block.
    """
    with ExitStack() as held:
        while True:
            work.mkdir(parents=True, exist_ok=True)
            handle = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, handle)
            _lock(handle, work)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), work.stat()):
                    break  # else the run that held it has removed it: that lock holds nothing
        yield


def _lock(handle: int, work: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        remedy = "Wait until it has ended, or give another folder."
        raise FolderInUse("another run renders into it", subject=str(work.parent), remedy=remedy) from None
    except OSError:  # some network file systems lock no folder: then nobody is held off
        return
