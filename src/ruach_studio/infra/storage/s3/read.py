"""Turn a stored object into its bytes, a block at a time, also over a line that breaks.

A broken answer is taken up again where it broke (Range), and only while the object is still the same (If-Match): as many
tries without a new byte as a request has attempts.
"""

import hashlib
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING

from botocore.exceptions import HTTPClientError, IncompleteReadError

from ruach_studio.infra.storage.port import BLOCK_BYTES, NothingStored
from ruach_studio.infra.storage.s3.errors import is_answer
from ruach_studio.infra.storage.s3.place import Place

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_PAUSE_S = 0.2


def blocks(
    client: "S3Client", place: Place, key: str, start_byte: int = 0, end_byte_exclusive: int | None = None
) -> Generator[bytes, None, None]:
    """Yield the bytes asked for; a range beyond the end yields what there is. Raises NothingStored."""
    try:
        facts = client.head_object(Bucket=place.bucket, Key=place.name(key))
    except client.exceptions.ClientError as error:
        if is_answer(error, 404):
            raise NothingStored(subject=key) from None
        raise
    size_bytes = facts["ContentLength"]
    end = size_bytes if end_byte_exclusive is None else min(size_bytes, end_byte_exclusive)
    position, failures = start_byte, 0
    while position < end:
        try:
            answer = client.get_object(
                Bucket=place.bucket, Key=place.name(key), Range=f"bytes={position}-{end - 1}", IfMatch=facts["ETag"]
            )
            with closing(answer["Body"]) as body:
                while block := body.read(BLOCK_BYTES):
                    position, failures = position + len(block), 0
                    yield block
        except (HTTPClientError, IncompleteReadError):  # the line broke in the middle
            failures += 1
            if failures == place.attempts:
                raise
            time.sleep(_PAUSE_S * 2**failures)


def sha256_of_object(client: "S3Client", place: Place, key: str, check: Callable[[], None] = lambda: None) -> str:
    """Read the whole object and return its SHA-256."""
    digest = hashlib.sha256()
    for block in blocks(client, place, key):
        check()
        digest.update(block)
    return digest.hexdigest()
