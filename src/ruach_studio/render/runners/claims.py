"""Turn "who encodes this chunk?" into one answer among processes that share a folder.

A claim is an advisory lock on a file beside the chunk. It dies with its holder, so a killed worker's chunk is free at
once; the file itself says nothing and may stay.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the claim of the chunk at `path` for the length of the block; False where another process holds it."""
    with path.with_suffix(".claim").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def is_claimed(path: Path) -> bool:
    """Say whether somebody holds the claim of the chunk at `path`; two who ask do not see each other."""
    claim = path.with_suffix(".claim")
    if not claim.exists():
        return False
    with claim.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
