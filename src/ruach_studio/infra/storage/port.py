"""Turn a finished file and a key into a stored object that has an address: the port that every store fills.

Keys are relative paths of plain segments (`renders/talk-1/full_16_9/<id>.mp4`). Putting the same key again replaces the
object as a whole; a reader sees the old bytes or the new, never a mixture. local_disk.py is the default store;
s3/ keeps them in a bucket.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from ruach_studio.kernel.errors import BadInput, NotFound, RuachError, Unavailable

IMMUTABLE = "public, max-age=31536000, immutable"
KEY_LENGTH_MAX = 512
BLOCK_BYTES = 1 << 20
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,199}")


class BadKey(BadInput):
    """This cannot be the key of a stored object."""

    code = "bad_key"


class ChecksumMismatch(RuachError):
    """What was read back from the store is not what was written."""

    code = "checksum_mismatch"
    retryable = True


class StoreUnavailable(Unavailable):
    """The object store does not answer right now."""

    code = "store_unavailable"


class StoreRefused(BadInput):
    """The object store refuses these credentials or this request; asking again changes nothing."""

    code = "store_refused"


class NoSuchBucket(BadInput):
    """There is no such bucket."""

    code = "no_such_bucket"


class NothingStored(NotFound):
    """Nothing is stored under this key."""

    code = "nothing_stored"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as it lies in the store; `sha256` is of the bytes that were read back after writing."""

    key: str
    url: str
    size_bytes: int
    sha256: str
    content_type: str
    cache_control: str = IMMUTABLE
    stored_at: datetime | None = None

    def to_wire(self) -> Mapping[str, object]:
        """Return the object as JSON fields."""
        return {
            "key": self.key,
            "url": self.url,
            "sizeBytes": self.size_bytes,
            "sha256": self.sha256,
            "contentType": self.content_type,
        }


class ObjectStore(Protocol):
    """Keeps whole files under keys. Every method may raise BadKey, StoreUnavailable, StoreRefused or OutOfSpace."""

    async def put_file(self, key: str, path: Path, *, content_type: str, cache_control: str = IMMUTABLE) -> StoredObject:
        """Store the file at `path` under `key`, replacing what was there; verify the checksum before it can be seen."""
        ...

    async def stat(self, key: str) -> StoredObject | None:
        """Return what is stored under `key`, or None."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove `key`; return whether there was anything to remove."""
        ...

    def read(self, key: str, start_byte: int = 0, end_byte_exclusive: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes of `key` in blocks of at most BLOCK_BYTES, from `start_byte` to before `end_byte_exclusive`.

        A range beyond the end yields what there is. Raises NothingStored.
        """
        ...

    async def sweep(self) -> int:
        """Remove what killed writers left half done; return how many."""
        ...

    def url(self, key: str) -> str:
        """Return the address under which `key` is or will be served; it does not expire."""
        ...


@runtime_checkable
class SigningStore(Protocol):
    """A store whose objects are read elsewhere, under addresses that it hands out for a while."""

    def reading_url(self, key: str, method: str = "GET") -> str:
        """Return an address that serves `key` to whoever holds it, for GET or HEAD; blocking."""
        ...


def checked_key(key: str) -> str:
    """Return `key` if every segment is plain (letters, digits, `._@+=-`, no leading dot), else raise BadKey.

    >>> checked_key("renders/talk-1/full_16_9/4b.mp4")
    'renders/talk-1/full_16_9/4b.mp4'
    """
    if len(key) > KEY_LENGTH_MAX or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise BadKey(
            f"{key[:80]!r} is not a usable key",
            subject="key",
            remedy="Use segments of letters, digits and '._-@+=' divided by '/', none starting with a dot.",
        )
    return key
