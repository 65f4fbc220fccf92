"""Turn a place in a bucket into the list of what lies there, page by page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ruach_studio.infra.storage.s3.errors import mapped_s3_errors
from ruach_studio.infra.storage.s3.place import Place

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def objects(client: "S3Client", place: Place) -> Iterator[tuple[str, int, str]]:
    """Yield (key without the prefix, size in bytes, the bucket's ETag) in the order of the keys.

    Raises StoreUnavailable, StoreRefused, NoSuchBucket.
    """
    with mapped_s3_errors(place.prefix, place.bucket):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix):
            for each in page.get("Contents", []):
                yield each["Key"].removeprefix(place.prefix), each["Size"], each["ETag"].strip('"')
