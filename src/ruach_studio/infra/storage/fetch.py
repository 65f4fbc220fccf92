"""Turn a stored object into a file that is known to hold its bytes, or into none."""

import asyncio
import hashlib
import os
from pathlib import Path
from uuid import uuid4

from ruach_studio.infra.storage.disk_errors import mapped_disk_errors
from ruach_studio.infra.storage.port import ChecksumMismatch, NothingStored, ObjectStore


async def fetch(store: ObjectStore, key: str, target: Path) -> None:
    """Write `key` to `target`, which appears at once or not at all.

    Raises NothingStored, ChecksumMismatch (the store says that it holds other bytes), OutOfSpace and what `read` may.
    """
    stored = await store.stat(key)
    if stored is None:
        raise NothingStored(subject=key)
    part, digest = target.with_name(f".{target.name}.{uuid4()}.part"), hashlib.sha256()
    try:
        with mapped_disk_errors(key, target.parent), part.open("xb") as file:
            async for block in store.read(key):
                digest.update(block)
                await asyncio.to_thread(file.write, block)
        if digest.hexdigest() != stored.sha256:
            raise ChecksumMismatch(subject=key, remedy="Try again; if it happens twice, render it again.")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
