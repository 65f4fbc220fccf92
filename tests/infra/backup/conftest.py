"""Give backup tests a service with something in it, and an empty database to restore into."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ruach_studio.infra import backup
from ruach_studio.infra.backup import CursorLog, Manifest
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.storage.local_disk import LocalDiskStore

LOGS = (CursorLog("platform.outbox", "id", "platform.consumer", "outbox_id"),)


@pytest.fixture
async def empty(postgres) -> AsyncIterator[Database]:
    """A database that was never migrated."""
    dsn, name = postgres.ensure(), f"e_{uuid.uuid4().hex}"
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"create database {name}")
    async with Database(make_conninfo(dsn, dbname=name)) as opened:
        yield opened
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)")


@pytest.fixture
def request_ids():
    with bind(correlation_id=new_id(), automation_id=new_id()) as ids:
        yield ids


@pytest.fixture
async def store(tmp_path: Path) -> LocalDiskStore:
    """A store on disk that holds one film."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 5000)
    opened = LocalDiskStore(tmp_path / "store", "http://x")
    await opened.put_file("renders/s/full_16_9/j.mp4", film, content_type="video/mp4")
    return opened


@pytest.fixture
def take(database, store, tmp_path):
    async def taking(to: str = "saved", **options) -> Manifest:
        given = {"clock": SystemClock(), "settings": {"port": 1}, **options}
        return await backup.take(database, tmp_path / to, {"store": store.root}, **given)

    return taking


@pytest.fixture
def put_back(empty, tmp_path):
    async def putting(name: str = "saved", into: str = "store2") -> backup.Restored:
        folder = tmp_path / name
        return await backup.restore(empty, folder, backup.check(folder), {"store": tmp_path / into}, logs=LOGS)

    return putting
