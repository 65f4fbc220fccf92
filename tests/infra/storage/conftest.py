"""The stores that the contract is run on: each gives the same store again on `reopen`, as after a restart."""

import os

import pytest

from ruach_studio.infra.storage.local_disk import LocalDiskStore

ADAPTERS = ["local_disk", pytest.param("s3", marks=pytest.mark.xdist_group("s3"))]


@pytest.fixture(params=ADAPTERS)
def reopen(request, tmp_path):
    if request.param == "local_disk":
        return lambda: LocalDiskStore(tmp_path / "store", "http://studio.test/")
    return request.getfixturevalue("bucket").store


@pytest.fixture
def store(reopen):
    return reopen()


@pytest.fixture
def disk(tmp_path):
    return LocalDiskStore(tmp_path / "store", "http://studio.test/")


@pytest.fixture
def film(tmp_path):
    def make(content=b"0123456789", name="film.mp4"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.fixture
def bucket(s3, tmp_path):
    """A part of the test server's private bucket that only this test has; see ruach_studio.testing.bucket."""
    from ruach_studio.testing.bucket import Bucket  # here, so that the disk's tests do not load botocore

    return Bucket(s3, tmp_path)


@pytest.fixture
def as_nobody():
    """Give up root's right to write anywhere, if we have it; gives it back at the end."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)
