"""The stores that the contract is run on: each gives the same store again on `reopen`, as after a restart."""

import pytest

from ruach_studio.infra.storage.local_disk import LocalDiskStore

ADAPTERS = ["local_disk"]


@pytest.fixture(params=ADAPTERS)
def reopen(request, tmp_path):
    return {"local_disk": lambda: LocalDiskStore(tmp_path / "store", "http://studio.test/")}[request.param]


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
