"""A bucket's part is listed whole, page by page, in the order of its keys and without its prefix."""

import hashlib

import pytest

from ruach_studio.infra.storage.s3.listing import objects

pytestmark = pytest.mark.xdist_group("s3")


async def test_what_lies_under_the_prefix_is_listed(bucket, film):
    assert list(objects(bucket.client, bucket.place)) == []
    for name, content in {"b/2.mp4": b"two", "a/1.mp4": b"1"}.items():
        await bucket.store().put_file(name, film(content), content_type="video/mp4")
    found = list(objects(bucket.client, bucket.place))
    assert [(key, size) for key, size, _ in found] == [("a/1.mp4", 1), ("b/2.mp4", 3)]
    assert found[0][2] == hashlib.md5(b"1", usedforsecurity=False).hexdigest()
