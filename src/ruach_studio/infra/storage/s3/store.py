"""Turn a bucket into the object store: the port, on top of upload.py, multipart.py and read.py.

botocore waits, so that every call runs in a thread. A cancelled `put_file` sends no more and waits until the upload is
aborted, which may take as long as the server needs to answer what is on the line already. The client is made at the first
call: whoever only asks for addresses loads and pays nothing more.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.storage.port import IMMUTABLE, StoredObject, checked_key
from ruach_studio.infra.storage.s3.claims import Claims
from ruach_studio.infra.storage.s3.errors import mapped_s3_errors
from ruach_studio.infra.storage.s3.file_facts import PART_BYTES_MIN, measure
from ruach_studio.infra.storage.s3.multipart import put_parts, sweep
from ruach_studio.infra.storage.s3.place import Place, open_client
from ruach_studio.infra.storage.s3.read import blocks, sha256_of_object
from ruach_studio.infra.storage.s3.upload import Seen, Stopped, Wanted, head, is_there, put_whole, verify
from ruach_studio.infra.threads import in_long_thread, in_thread
from ruach_studio.kernel.errors import Cancelled

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

log = get_logger(__name__)


class S3Store:
    """Keeps objects in a bucket. `claims_folder` is on a disk that outlives the process; see claims.py."""

    def __init__(self, place: Place, claims_folder: Path, *, least_part_bytes: int = PART_BYTES_MIN) -> None:
        """Take where the bucket is and where unfinished uploads are noted. Makes no request."""
        self.place = place
        self._claims = Claims(claims_folder)
        self._least_part_bytes = least_part_bytes
        self._opening = threading.Lock()

    @cached_property
    def _made_client(self) -> "S3Client":
        return open_client(self.place)

    @property
    def _client(self) -> "S3Client":
        with self._opening:
            return self._made_client

    def url(self, key: str) -> str:
        """Return the public address of `key`, or the service's own, which leads to a signed one."""
        place = self.place
        if place.public_url is not None:
            return f"{place.public_url}/{place.name(checked_key(key))}"
        return f"{place.service_url}/media/{checked_key(key)}"

    def reading_url(self, key: str, method: str = "GET") -> str:
        """Return the public address, or one that is signed for GET or HEAD and the configured time; makes no request."""
        if self.place.public_url is not None:
            return self.url(key)
        operation = "head_object" if method == "HEAD" else "get_object"
        return self._client.generate_presigned_url(
            operation, Params={"Bucket": self.place.bucket, "Key": self.place.name(checked_key(key))},
            ExpiresIn=self.place.signed_s,
        )  # fmt: skip

    async def put_file(self, key: str, path: Path, *, content_type: str, cache_control: str = IMMUTABLE) -> StoredObject:
        """Store the file at `path`; one that is there already is not sent again.

        Raises BadInput (no such file), SourceChanged, StoreRefused, NoSuchBucket, StoreUnavailable, ChecksumMismatch,
        OutOfSpace, BadKey.
        """
        return await in_thread(lambda stop: self._put(checked_key(key), path, content_type, cache_control, stop))

    async def stat(self, key: str) -> StoredObject | None:
        """Return what is stored under `key`, or None; an object of another's making is read to learn its checksum."""
        return await asyncio.to_thread(self._stat, checked_key(key))

    async def delete(self, key: str) -> bool:
        """Remove `key`; return whether it was there."""
        return await asyncio.to_thread(self._delete, checked_key(key))

    async def read(self, key: str, start_byte: int = 0, end_byte_exclusive: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes of `key` from `start_byte` to before `end_byte_exclusive`. Raises NothingStored."""
        reading = await asyncio.to_thread(
            lambda: blocks(self._client, self.place, checked_key(key), start_byte, end_byte_exclusive)
        )
        try:
            while True:
                with mapped_s3_errors(key, self.place.bucket):
                    block = await asyncio.to_thread(next, reading, b"")
                if not block:
                    return
                yield block
        finally:
            await asyncio.to_thread(reading.close)

    async def sweep(self) -> int:
        """Abort the uploads that dead writers left; return how many. Raises as `put_file` does."""
        return await in_long_thread(self._sweep)

    def _put(self, key: str, path: Path, content_type: str, cache_control: str, stop: threading.Event) -> StoredObject:
        try:
            with mapped_s3_errors(key, self.place.bucket):
                return self._put_stoppable(key, path, content_type, cache_control, stop)
        except Stopped:
            raise Cancelled(subject=key) from None

    def _put_stoppable(
        self, key: str, path: Path, content_type: str, cache_control: str, stop: threading.Event
    ) -> StoredObject:
        def check() -> None:
            if stop.is_set():
                raise Stopped

        facts = measure(path, check, self._least_part_bytes)
        wanted = Wanted(key, path, facts, content_type, cache_control, check)
        client, place = self._client, self.place
        before = head(client, place, key)
        if before is not None and is_there(before, wanted):
            log.info("storage.put.found", key=key)
            return self._stored(wanted, before)
        if facts.whole:
            etag = put_whole(client, place, wanted, new=before is None)
        else:
            etag = put_parts(client, place, self._claims, wanted, new=before is None)
        return self._stored(wanted, verify(client, place, wanted, etag))

    def _stat(self, key: str) -> StoredObject | None:
        with mapped_s3_errors(key, self.place.bucket):
            seen = head(self._client, self.place, key)
            if seen is None:
                return None
            sha256 = seen.sha256 or sha256_of_object(self._client, self.place, key)
        return self._object(key, sha256, seen.size_bytes, seen)

    def _delete(self, key: str) -> bool:
        with mapped_s3_errors(key, self.place.bucket):
            if head(self._client, self.place, key) is None:
                return False
            self._client.delete_object(Bucket=self.place.bucket, Key=self.place.name(key))
        return True

    def _sweep(self) -> int:
        with mapped_s3_errors(f"{self.place.bucket}/{self.place.prefix}", self.place.bucket):
            return sweep(self._client, self.place, self._claims)

    def _stored(self, wanted: Wanted, seen: Seen) -> StoredObject:
        """Describe what we stored, even if another writer has replaced it since."""
        described = self._object(wanted.key, wanted.facts.sha256, wanted.facts.size_bytes, seen)
        if seen.sha256 == wanted.facts.sha256:
            return described
        return replace(described, content_type=wanted.content_type, cache_control=wanted.cache_control)

    def _object(self, key: str, sha256: str, size_bytes: int, seen: Seen) -> StoredObject:
        return StoredObject(
            key, self.url(key), size_bytes, sha256, seen.content_type, seen.cache_control, seen.modified_at
        )  # fmt: skip
