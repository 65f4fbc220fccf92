"""Turn two lock files into the answers to "may I change the server now?" and "does anybody still use it?".

`server.lock` is held exclusively while somebody starts or stops the server. `users.lock` is held shared by every process
that uses it. The kernel lets go of both when a process dies, however it dies, so a crash leaves no wrong count behind.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruach_studio.infra.embedded.errors import EmbeddedServerDown

_POLL_S = 0.02


@contextmanager
def exclusive(path: Path, *, patience_s: float) -> Iterator[None]:
    """Hold `path` alone inside the block; raise EmbeddedServerDown if somebody else keeps it for `patience_s`."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience_s
        while not _try(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise EmbeddedServerDown(
                    f"another process has been starting or stopping the server for {patience_s:.0f} s",
                    subject=str(path),
                    remedy="End that process, then start again.",
                )
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(handle)


class Usage:
    """This process's mark in `users.lock`. Not passed on to child programs; a forked child leaves the parent's alone."""

    def __init__(self, path: Path) -> None:
        """Name the lock file; nothing is taken yet."""
        self._path = path
        self._handle: int | None = None

    @property
    def taken(self) -> bool:
        """Say whether this process is counted."""
        return self._handle is not None

    def take(self) -> None:
        """Count this process as a user. Call while holding server.lock; then nobody can hold users.lock exclusively."""
        if self._handle is not None:
            return
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        self._handle = handle

    def leave(self) -> bool:
        """Stop counting this process; return True if no other one uses the server. Call while holding server.lock."""
        if self._handle is None:
            return False
        handle, self._handle = self._handle, None
        try:
            return _try(handle, fcntl.LOCK_EX)
        finally:
            os.close(handle)


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
