"""Give tests a real PostgreSQL: one server per worker process, one freshly migrated database per test.

The server's files lie in a folder that goes away at the end, in memory where the machine has room for it: nothing must
survive. The schema is migrated once into a template; a test's database is a copy of it, some 300 files (25 ms in memory,
230 to 590 ms on a disk).
"""

import gc
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ruach_studio.infra.auth import passwords
from ruach_studio.infra.collector import settle
from ruach_studio.infra.db import Database, upgrade
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.s3_server import S3Server, program, s3_server

PREFIX = "ruach-test-"
MEMORY, ROOM = Path(os.sep, "dev", "shm"), 2 << 30  # bytes; a run needs some 200 MB a worker
TEMPLATE = "ruach_template"
hypothesis.settings.register_profile("ruach", deadline=None)  # a busy machine is no fault of the rule under test
hypothesis.settings.load_profile("ruach")
QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a module's fixture on one worker: spread over two, each would make it anew."""
    for item in items:
        info = getattr(item, "_fixtureinfo", None)
        made = [found[-1].scope for found in info.name2fixturedefs.values()] if info else []
        if "module" in made and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish() -> None:
    """Keep the collector from walking every test and module again and again: a quarter of the processor's time."""
    settle()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash with 1 MiB in one pass, 1 ms an account; tests/infra/auth/test_passwords.py has the real strength."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHES", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024),)))
        passwords._hash_of_nobody.cache_clear()
        yield


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Let no test see the static list because the machine is busy; who tests the deadline sets a short one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUACH_NEXT_STEP_DEADLINE_MS", "60000")
        yield


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One real S3 server; tests that use it belong to the xdist group "s3", so that one worker starts one."""
    if program() is None and sys.platform == "darwin":
        pytest.skip("SeaweedFS has no wheel for this machine")
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A new folder that every user may enter, parents included, as /var/lib is; pytest's own are for their owner only.

    Where the temporary folder itself is closed (a private TMPDIR), one of the machine's shared ones serves.
    """
    shared = [Path(tempfile.gettempdir()), *(Path(os.sep, *each) for each in (("tmp",), ("var", "tmp"), ("dev", "shm")))]
    usable = [each for each in shared if all(parent.stat().st_mode & 0o001 for parent in (each, *each.parents))]
    if not usable:
        pytest.skip("no temporary folder of this machine may be entered by every user")
    folder = Path(tempfile.mkdtemp(prefix="ruach-open-", dir=usable[0]))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for this worker process; `.ensure()` gives its address."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY if room_in_memory() else None))
    server = EmbeddedPostgres(folder, settings=QUICK)
    try:
        server.ensure()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def room_in_memory() -> bool:
    """Say whether the machine has a folder in memory that we may fill."""
    return os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= ROOM


def sweep() -> None:
    """End what a killed test run left: a server without users, and its folder."""
    for left in (each for place in {Path(tempfile.gettempdir()), MEMORY} for each in place.glob(f"{PREFIX}*")):
        with suppress(FileNotFoundError):  # another worker of this run sweeps at the same time
            if left.stat().st_uid == os.geteuid() and EmbeddedPostgres(left).stop_if_unused():
                shutil.rmtree(left, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated database that nobody writes to."""
    dsn = postgres.ensure()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"create database {TEMPLATE}")
    with ThreadPoolExecutor(1) as pool:  # a thread: migrating runs an event loop of its own
        pool.submit(upgrade, make_conninfo(dsn, dbname=TEMPLATE)).result()
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template_database: str) -> Iterator[str]:
    """The address of a database that only this test has, migrated and empty."""
    dsn = postgres.ensure()
    name = f"t_{uuid.uuid4().hex}"
    with psycopg.connect(dsn, autocommit=True) as conn:
        # quicker than going through the log, which nobody reads here
        conn.execute(f"create database {name} template {template_database} strategy file_copy")
    yield dsn.replace("@/ruach?", f"@/{name}?")
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """This test's database, with its pool; closed afterwards."""
    async with Database(database_url) as opened:
        yield opened
