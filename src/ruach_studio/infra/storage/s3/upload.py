"""Turn a file into an object that is known to hold its bytes, and an interrupted try into nothing.

Look first: an object with the right size, ETag, SHA-256 note and headers is not sent again. Every part carries its MD5,
which the server checks before it keeps it; the SHA-256 of the whole goes along as metadata. Afterwards the object is asked
for again: size, ETag, note, Content-Type and Cache-Control must be ours, and an ETag of another kind is settled by reading
the bytes back. Where nothing was there, the write is conditional (If-None-Match), so that a second writer of the same bytes
leaves the first one's object alone. multipart.py sends large files.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.storage.port import ChecksumMismatch
from ruach_studio.infra.storage.s3.errors import is_answer
from ruach_studio.infra.storage.s3.file_facts import FileFacts, read_part
from ruach_studio.infra.storage.s3.place import Place
from ruach_studio.infra.storage.s3.read import sha256_of_object

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

NOTE = "sha256"
Write = Callable[[dict[str, Any]], str]

log = get_logger(__name__)


class Stopped(BaseException):
    """The caller gave up. No Exception, so that botocore does not take it for a broken line and try again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to lie under which name. `check` raises Stopped once the caller gave up."""

    key: str
    path: Path
    facts: FileFacts
    content_type: str
    cache_control: str
    check: Callable[[], None]

    def headers(self) -> dict[str, Any]:
        """Return what is stored along with the bytes."""
        return {
            "ContentType": self.content_type, "CacheControl": self.cache_control, "Metadata": {NOTE: self.facts.sha256}
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What a HEAD tells. `etag` is without quotes; `sha256` is our note, if there is one."""

    size_bytes: int
    etag: str
    sha256: str | None
    content_type: str
    cache_control: str
    modified_at: datetime


class Body(io.BytesIO):
    """One request's bytes, which stop flowing when the caller gives up."""

    def __init__(self, content: bytes, check: Callable[[], None]) -> None:
        super().__init__(content)
        self._check = check

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, or raise Stopped."""
        self._check()
        return super().read(size)


def head(client: "S3Client", place: Place, key: str) -> Seen | None:
    """Return what lies under `key`, or None."""
    try:
        answer = client.head_object(Bucket=place.bucket, Key=place.name(key))
    except ClientError as error:
        if is_answer(error, 404):
            return None
        raise
    return Seen(
        answer["ContentLength"], answer["ETag"].strip('"'), answer["Metadata"].get(NOTE),
        answer.get("ContentType", "application/octet-stream"), answer.get("CacheControl", ""), answer["LastModified"],
    )  # fmt: skip


def is_there(seen: Seen | None, wanted: Wanted) -> bool:
    """Say whether the object seen is the one wanted, to the last header."""
    return seen is not None and (seen.etag, seen.size_bytes, seen.sha256, seen.content_type, seen.cache_control) == (
        wanted.facts.etag, wanted.facts.size_bytes, wanted.facts.sha256, wanted.content_type, wanted.cache_control
    )  # fmt: skip


def conditionally(
    client: "S3Client", place: Place, wanted: Wanted, write: Callable[[dict[str, str]], str], *, new: bool
) -> str:
    """Call `write` with the condition that nothing lies there yet, if `new`; return the ETag that results.

    The condition fails where another writer, or our own try whose answer was lost, came first: the same object is taken as
    it is, another one is replaced. Servers that know no such condition are asked without. After any other failure the
    object may be there all the same (the answer was lost): then that is success.
    """
    try:
        return write({"IfNoneMatch": "*"} if new else {})
    except (ClientError, BotoCoreError) as error:
        if is_there(head(client, place, wanted.key), wanted):
            return wanted.facts.etag
        if not new or not is_answer(error, 409, 412, 501, "NotImplemented", "InvalidArgument", "InvalidRequest"):
            raise
    log.info("storage.put.unconditional", key=wanted.key)
    return write({})


def put_whole(client: "S3Client", place: Place, wanted: Wanted, *, new: bool) -> str:
    """Send the file in one request; return the ETag."""
    content = read_part(wanted.path, wanted.facts, 0)
    md5 = base64.b64encode(wanted.facts.part_md5s[0]).decode()

    def write(condition: dict[str, Any]) -> str:
        answer = client.put_object(
            Bucket=place.bucket, Key=place.name(wanted.key), Body=Body(content, wanted.check), ContentMD5=md5,
            ContentLength=len(content), **wanted.headers(), **condition,
        )  # fmt: skip
        return answer["ETag"].strip('"')

    return conditionally(client, place, wanted, write, new=new)


def verify(client: "S3Client", place: Place, wanted: Wanted, written_etag: str) -> Seen:
    """Return what lies under the key now, if it is ours or a later writer's. Raises ChecksumMismatch."""
    seen = head(client, place, wanted.key)
    if is_there(seen, wanted):
        assert seen is not None  # noqa: S101  (for the type checker: is_there said so)
        return seen
    facts = wanted.facts
    if seen is None:
        raise ChecksumMismatch("it is not there after it was stored", subject=wanted.key, remedy="It is tried again.")
    if seen.sha256 not in (None, facts.sha256) and written_etag == facts.etag:
        log.info("storage.put.replaced", key=wanted.key)  # ours arrived whole, and then another writer's did
        return seen
    faults = [
        f"{what} is {is_!r}, not {ought!r}"
        for what, is_, ought in (
            ("size", seen.size_bytes, facts.size_bytes), ("Content-Type", seen.content_type, wanted.content_type),
            ("Cache-Control", seen.cache_control, wanted.cache_control),
        )
        if is_ != ought
    ]  # fmt: skip
    if not faults and sha256_of_object(client, place, wanted.key, wanted.check) == facts.sha256:
        return seen
    raise ChecksumMismatch(
        "; ".join(faults) or "the store holds other bytes than were sent", subject=wanted.key, remedy="It is tried again."
    )
