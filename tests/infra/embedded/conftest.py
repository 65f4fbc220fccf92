"""Give tests a folder for a server that never outlives the test, and real processes that use it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.embedded import postmaster as postmasters
from ruach_studio.infra.embedded.layout import Layout

# Ensures, says the address, then waits until its input closes and leaves as a clean exit does.
USER = """
import sys
from pathlib import Path
from ruach_studio.infra.embedded import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"}).ensure(), flush=True)
sys.stdin.read()
"""


class Folder:
    """One server's folder, seen from outside: its processes and its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layout = Layout(path)
        self._children: list[subprocess.Popen[str]] = []

    def server(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.path, settings={"fsync": "off"})

    def pid(self) -> int | None:
        """The PID of the living server, None if none lives."""
        found = postmasters.read_pid_file(self.layout)
        return found.pid if found is not None and postmasters.is_our_postmaster(found.pid, self.layout) else None

    def start_user(self, *prefix: str, code: str = USER, python: str = sys.executable, **options) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [*prefix, python, "-c", code, str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        self._children.append(child)
        return child

    def user(self, *prefix: str, **options) -> tuple[subprocess.Popen[str], str]:
        """Start a process that uses the server; return it and the address that it got."""
        child = self.start_user(*prefix, **options)
        return child, child.stdout.readline().strip()

    def wait_until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Poll until `condition` holds; AssertionError after `seconds`."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "the condition never held"
            time.sleep(0.01)

    def leave(self, child: subprocess.Popen[str]) -> None:
        """Let a user process end as a clean exit does."""
        child.communicate()
        assert child.returncode == 0

    def kill(self, child: subprocess.Popen[str]) -> None:
        """kill -9 a user process."""
        child.kill()
        child.communicate()
        assert child.returncode == -signal.SIGKILL

    def write(self, dsn: str, number: int) -> None:
        """Commit one row."""
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("create table if not exists kept (n int)")
            conn.execute("insert into kept values (%s)", (number,))

    def read(self, dsn: str) -> list[int]:
        """Return every committed row."""
        with psycopg.connect(dsn) as conn:
            return [row[0] for row in conn.execute("select n from kept order by n")]

    def clean_up(self) -> None:
        for child in self._children:
            child.kill()
            child.communicate()
        self.server().stop()
        assert self.pid() is None


@pytest.fixture
def empty_folder(tmp_path: Path) -> Iterator[Folder]:
    """A folder whose cluster is still to be made, for those who are about the making."""
    made = Folder(tmp_path / "database")
    yield made
    made.clean_up()


@pytest.fixture(scope="session")
def made_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server that was started once and stopped cleanly."""
    made = Folder(tmp_path_factory.mktemp("made") / "database")
    with made.server():
        pass
    made.clean_up()
    return made.layout.cluster


@pytest.fixture
def folder(empty_folder: Folder, made_cluster: Path) -> Folder:
    """A folder with a cluster: a copy costs a third of making one."""
    shutil.copytree(made_cluster, empty_folder.layout.cluster, symlinks=True)
    return empty_folder


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: it is about how root runs PostgreSQL")
