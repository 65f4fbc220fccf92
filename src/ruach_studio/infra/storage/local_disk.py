"""Turn a folder into an object store: `objects/` holds the bytes, `meta/` what they are, `parts/` what is being written.

A put copies into a part file (SHA-256 while copying), fsyncs it, reads it back and compares, renames it into place and
fsyncs the folder; a crash leaves the old object or the new one, and at worst a part file, which the next start sweeps.
The metadata names the size and mtime it describes; where they differ (a crash between the two renames, a copy that lost the
times) it is made anew, once: it is written down.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from ruach_studio.infra.storage.disk_errors import mapped_disk_errors
from ruach_studio.infra.storage.durable import make_folder, sync_folder
from ruach_studio.infra.storage.facts import locked_beside_readers, made_anew, same_file, sha256_on_disk, speak_of
from ruach_studio.infra.storage.port import (
    BLOCK_BYTES,
    IMMUTABLE,
    ChecksumMismatch,
    NothingStored,
    StoredObject,
    checked_key,
)
from ruach_studio.infra.threads import in_long_thread, in_thread
from ruach_studio.kernel.errors import BadInput, Cancelled

KEPT = ("meta", "objects")  # the folders below the root in which every file is whole and has its finished name
_SWEEP_AGE_S = 60.0


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object open for reading: the file keeps these very bytes even if the key is replaced meanwhile."""

    stored: StoredObject
    file: BufferedReader


class LocalDiskStore:
    """Keeps objects under `root`; `url` is `<public_url>/media/<key>`, which routes.py serves."""

    def __init__(self, root: Path, public_url: str) -> None:
        """Take the folder (made at the first put) and the address of the service."""
        self.root = root
        self._base = f"{public_url.rstrip('/')}/media"

    def url(self, key: str) -> str:
        """Return the address of `key`."""
        return f"{self._base}/{checked_key(key)}"

    async def put_file(self, key: str, path: Path, *, content_type: str, cache_control: str = IMMUTABLE) -> StoredObject:
        """Store a copy of `path`. Raises BadInput (no such file, no permission), OutOfSpace, ChecksumMismatch, BadKey."""
        return await in_thread(lambda stop: self._put(checked_key(key), path, content_type, cache_control, stop))

    async def stat(self, key: str) -> StoredObject | None:
        """Return what is stored under `key`, or None."""
        opened = await asyncio.to_thread(self.open, key)
        if opened is None:
            return None
        opened.file.close()
        return opened.stored

    async def delete(self, key: str) -> bool:
        """Remove `key`; return whether it was there."""
        return await asyncio.to_thread(self._delete, checked_key(key))

    async def read(self, key: str, start_byte: int = 0, end_byte_exclusive: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes of `key` from `start_byte` to before `end_byte_exclusive`. Raises NothingStored."""
        opened = await asyncio.to_thread(self.open, key)
        if opened is None:
            raise NothingStored(subject=key)
        with opened.file as file:
            file.seek(start_byte)
            end = opened.stored.size_bytes if end_byte_exclusive is None else end_byte_exclusive
            while (room := min(BLOCK_BYTES, end - file.tell())) > 0 and (block := await asyncio.to_thread(file.read, room)):
                yield block

    def path_of(self, key: str) -> Path:
        """Return where the bytes of `key` lie, whether they are there or not; not to be written to."""
        return self._object(checked_key(key))

    def open(self, key: str) -> OpenObject | None:
        """Open `key` for reading, or return None; blocking, so call it in a thread. The caller closes the file."""
        place = self._object(checked_key(key))
        with mapped_disk_errors(key, self.root):
            try:
                descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except (FileNotFoundError, NotADirectoryError):
                return None
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                os.close(descriptor)
                return None
            file = os.fdopen(descriptor, "rb")
            try:
                return OpenObject(self._described(key, file, state), file)
            except BaseException:
                file.close()
                raise

    async def sweep(self) -> int:
        """Remove part files that no living writer holds; return how many."""
        return await in_long_thread(self._sweep)

    def _put(
        self, key: str, source: Path, content_type: str, cache_control: str, stop: threading.Event | None = None
    ) -> StoredObject:
        place, part = self._object(key), self.root / "parts" / f"{uuid4()}.part"
        with mapped_disk_errors(key, self.root):
            for folder in (place.parent, part.parent, self._meta(key).parent):
                make_folder(folder)  # all of them first: a key that stands in another's way leaves nothing
            try:
                with _open_source(source) as reader, part.open("xb") as writer:
                    fcntl.flock(writer, fcntl.LOCK_EX)
                    sha256, size_bytes = _copied(reader, writer)
                    if sha256_on_disk(part) != sha256:
                        raise ChecksumMismatch(subject=key, remedy="Try again; if it happens twice, check the disk.")
                    if stop is not None and stop.is_set():
                        raise Cancelled(subject=key)
                    facts = {
                        "sha256": sha256,
                        "sizeBytes": size_bytes,
                        "mtimeNs": os.fstat(writer.fileno()).st_mtime_ns,
                        "contentType": content_type,
                        "cacheControl": cache_control,
                    }
                    os.replace(part, place)
                    sync_folder(place.parent)
                    self._write_meta(key, facts)  # still locked: a reader writes nothing of an object that is being put
            finally:
                part.unlink(missing_ok=True)
        return self._stored(key, facts)

    def _delete(self, key: str) -> bool:
        place = self._object(key)
        with mapped_disk_errors(key, self.root):
            try:
                place.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return False
            self._meta(key).unlink(missing_ok=True)
            sync_folder(place.parent)
        return True

    def _described(self, key: str, file: BufferedReader, state: os.stat_result) -> StoredObject:
        """Return what is written of the object; if that speaks of another, hash it, and write that down if we may."""
        facts = self._facts(key)
        if not speak_of(facts, state):
            with locked_beside_readers(file) as settled:
                facts = self._facts(key)  # its put may have come to its end meanwhile
                if not speak_of(facts, state):
                    facts = made_anew(key, facts, hashlib.file_digest(file, "sha256").hexdigest(), state)
                    file.seek(0)
                    with suppress(OSError):  # a store that may only be read, or a full disk: the next reader hashes again
                        if settled:
                            self._write_meta(key, facts, of=state)
        return self._stored(key, facts)

    def _facts(self, key: str) -> dict[str, object]:
        try:
            return dict(json.loads(self._meta(key).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return {}

    def _stored(self, key: str, facts: dict[str, object]) -> StoredObject:
        return StoredObject(
            key=key,
            url=self.url(key),
            size_bytes=int(str(facts["sizeBytes"])),
            sha256=str(facts["sha256"]),
            content_type=str(facts["contentType"]),
            cache_control=str(facts["cacheControl"]),
            stored_at=datetime.fromtimestamp(int(str(facts["mtimeNs"])) / 1e9, UTC),
        )

    def _write_meta(self, key: str, facts: dict[str, object], *, of: os.stat_result | None = None) -> None:
        """Write the facts; those `of` a state only if the object is still that one."""
        part = self.root / "parts" / f"{uuid4()}.part"
        for folder in (part.parent, self._meta(key).parent):
            make_folder(folder)
        try:
            with part.open("xb") as writer:
                fcntl.flock(writer, fcntl.LOCK_EX)
                writer.write(json.dumps(facts, sort_keys=True).encode())
                writer.flush()
                os.fsync(writer.fileno())
                if of is not None and not same_file(os.stat(self._object(key)), of):
                    return
                os.replace(part, self._meta(key))
        finally:
            part.unlink(missing_ok=True)
        sync_folder(self._meta(key).parent)

    def _sweep(self) -> int:
        removed = 0
        for part in (self.root / "parts").glob("*.part"):
            try:
                if time.time() - part.stat().st_mtime < _SWEEP_AGE_S:
                    continue
                with part.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a living writer holds it
                    part.unlink()
                    removed += 1
            except (FileNotFoundError, BlockingIOError):
                continue
        return removed

    def _object(self, key: str) -> Path:
        return self.root / "objects" / key

    def _meta(self, key: str) -> Path:
        return self.root / "meta" / f"{key}~.json"  # no key holds `~`, so no key's folder can stand here


def _open_source(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise BadInput(
            f"it cannot be read ({error.strerror})", subject=str(source), remedy="Give a readable file."
        ) from error


def _copied(reader: BinaryIO, writer: BinaryIO) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    while block := reader.read(BLOCK_BYTES):
        writer.write(block)
        digest.update(block)
        size_bytes += len(block)
    writer.flush()
    os.fsync(writer.fileno())
    return digest.hexdigest(), size_bytes
