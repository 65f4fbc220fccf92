"""Turn what the operating system says about a disk into an error with a remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruach_studio.infra.storage.port import StoreUnavailable
from ruach_studio.kernel.errors import BadInput, Conflict, OutOfSpace

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_SHAPE = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP}


@contextmanager
def mapped_disk_errors(key: str, root: Path) -> Iterator[None]:
    """Map OSError inside the block: full → OutOfSpace, forbidden → BadInput, key taken by a folder → Conflict."""
    try:
        yield
    except OSError as error:
        fact = error.strerror or "input or output failed"
        if error.errno in _FULL:
            raise OutOfSpace(
                "the disk has no room for the object", subject=key, remedy=f"Free space below {root}, then try again."
            ) from error
        if error.errno in _FORBIDDEN:
            raise BadInput(
                f"the store's folder cannot be written or read ({fact})",
                subject=str(root),
                remedy="Give this user the right to read and write it, or set RUACH_STORE_DIR to another folder.",
            ) from error
        if error.errno in _SHAPE:
            raise Conflict(
                f"another object is in the way ({fact})", subject=key, remedy="Choose a key that is no folder of another."
            ) from error
        raise StoreUnavailable(f"the disk failed ({fact})", subject=key, remedy="Check the disk, then try again.") from error
