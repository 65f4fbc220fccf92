"""Turn what is known of an object's bytes into what a store on disk writes down of them."""

import fcntl
import hashlib
import mimetypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ruach_studio.infra.storage.port import IMMUTABLE


def speak_of(facts: Mapping[str, Any], state: os.stat_result) -> bool:
    """Say whether the facts are those of a file in this state."""
    return (facts.get("sizeBytes"), facts.get("mtimeNs")) == (state.st_size, state.st_mtime_ns)


def made_anew(key: str, old: Mapping[str, Any], sha256: str, state: os.stat_result) -> dict[str, Any]:
    """Return the facts of bytes that were just read; of the same bytes the old ones say still how they are served.

    >>> state = os.stat_result((0, 0, 0, 0, 0, 0, 4, 0, 0, 0))
    >>> old = {"sha256": "ab", "contentType": "text/vtt", "cacheControl": "no-store"}
    >>> made_anew("a.mp4", old, "ab", state)["contentType"], made_anew("a.mp4", old, "cd", state)["contentType"]
    ('text/vtt', 'video/mp4')
    """
    said = old if old.get("sha256") == sha256 else {}
    return {
        "sha256": sha256,
        "sizeBytes": state.st_size,
        "mtimeNs": state.st_mtime_ns,
        "contentType": said.get("contentType") or mimetypes.guess_type(key)[0] or "application/octet-stream",
        "cacheControl": said.get("cacheControl") or IMMUTABLE,
    }


def same_file(now: os.stat_result, then: os.stat_result) -> bool:
    """Say whether it is the file that it was, and nobody has written to it."""
    return all(getattr(now, name) == getattr(then, name) for name in ("st_dev", "st_ino", "st_size", "st_mtime_ns"))


@contextmanager
def locked_beside_readers(file: IO[bytes]) -> Iterator[bool]:
    """Say whether the file's writer is done with it; inside the block nobody locks it alone. Waits for nobody."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # held, or a disk that knows no locks
        yield False
        return
    try:
        yield True
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def sha256_on_disk(path: Path) -> str:
    """Hash what the disk has, not what the page cache remembers."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()
