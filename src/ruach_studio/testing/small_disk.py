"""Turn a number of megabytes into a file system that is full soon (a tmpfs; needs the right to mount).

It lies in a folder of its own, never in a test's: a run that is killed leaves it mounted, and whoever clears test folders
away later must not stumble over it.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """Yield the file system's folder, or None where this user may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="ruach-small-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
            yield None
            return
        try:
            yield folder
        finally:
            # lazily: a process that still has a file open there must not keep the mount
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()
