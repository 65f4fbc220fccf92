"""Machines differ: no /dev/shm, a hostile environment, no init process, a full disk. The server starts or says why."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ruach_studio.infra.embedded import EmbeddedPostgres, layout
from ruach_studio.infra.embedded.errors import EmbeddedDiskFull
from ruach_studio.testing.small_disk import small_disk

# As PID 1 of a container that reaps nobody: a killed server stays a zombie for ever.
WITHOUT_INIT = """
import os, signal, sys
from pathlib import Path
import psutil, psycopg
from ruach_studio.infra.embedded import EmbeddedPostgres, postmaster
from ruach_studio.infra.embedded.layout import Layout
assert os.getpid() == 1
folder = Path(sys.argv[1])
server = EmbeddedPostgres(folder, settings={"fsync": "off"})
dsn = server.ensure()
with psycopg.connect(dsn) as conn:
    conn.execute("create table kept as select 4 as n")
killed = postmaster.read_pid_file(Layout(folder)).pid
os.kill(killed, signal.SIGKILL)
with psycopg.connect(server.ensure()) as conn:
    rows = conn.execute("select n from kept").fetchall()
print(rows[0][0], psutil.Process(killed).status(), server.release(), flush=True)
"""


@pytest.mark.parametrize("shared_memory", ["missing", "tiny"])
def test_a_missing_or_tiny_dev_shm_is_gone_round(
    empty_folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shared_memory
) -> None:
    if shared_memory == "missing":
        monkeypatch.setattr(layout, "_SHARED_MEMORY", tmp_path / "missing")
    else:
        monkeypatch.setattr(layout, "_SHARED_MEMORY_FLOOR_BYTES", 2**62)
    with empty_folder.server() as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("show dynamic_shared_memory_type").fetchone() == ("mmap",)
        conn.execute("set debug_parallel_query = on")
        assert conn.execute("select count(*) from pg_class").fetchone()[0] > 100


def test_a_roomy_dev_shm_is_used() -> None:
    status = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None
    roomy = status is not None and status.f_blocks * status.f_frsize >= 256 * 2**20
    assert layout._shared_memory_type() == ("posix" if roomy else "mmap")


def test_the_callers_postgres_and_locale_variables_do_not_matter(empty_folder, tmp_path: Path) -> None:
    hostile = {
        "PGDATA": "/nowhere",
        "PGPORT": "1",
        "PGHOST": "nowhere",
        "PGDATABASE": "no",
        "PGUSER": "no",
        "LC_ALL": "xx_XX",
    }
    child, dsn = empty_folder.user(env=os.environ | hostile | {"LANG": "yy_YY", "TMPDIR": str(tmp_path)}, cwd="/")
    empty_folder.write(dsn, 1)
    with psycopg.connect(dsn) as conn:
        assert conn.execute("show lc_messages").fetchone() == ("C",)
        assert conn.execute("show timezone").fetchone() == ("UTC",)
    empty_folder.leave(child)


def test_processes_with_other_folders_for_temporary_files_still_meet(folder) -> None:
    with tempfile.TemporaryDirectory(prefix="ruach-", dir="/tmp") as short:  # a socket's path holds 107 characters
        for name in ("one", "two"):
            Path(short, name).mkdir(mode=0o700)
        one, dsn = folder.user(env=os.environ | {"TMPDIR": f"{short}/one"})
        two, same = folder.user(env=os.environ | {"TMPDIR": f"{short}/two"})
        assert dsn == same
        assert "%2Fone%2Fruach-" in dsn
        folder.leave(one)
        folder.write(dsn, 1)
        folder.leave(two)
        assert folder.pid() is None


def test_a_socket_folder_that_somebody_else_made_first_is_not_used(folder, as_root, monkeypatch, tmp_path: Path) -> None:
    with folder.server() as dsn:
        first = Path(conninfo_to_dict(dsn)["host"])
    trap = tmp_path / "t"
    (trap / first.name).mkdir(parents=True)
    os.chown(trap / first.name, 4711, 4711)
    monkeypatch.setattr(layout.tempfile, "gettempdir", lambda: str(trap))
    with folder.server() as dsn:
        assert Path(conninfo_to_dict(dsn)["host"]) == Path("/tmp") / first.name


def test_a_container_without_init_restarts_past_its_zombies(folder, as_root) -> None:
    own_pids = ("unshare", "--pid", "--fork", "--mount-proc")
    if shutil.which("unshare") is None or subprocess.run([*own_pids, "true"], capture_output=True).returncode != 0:
        pytest.skip("PID namespaces are blocked on this machine")
    child = folder.start_user(*own_pids, code=WITHOUT_INIT)
    said, _ = child.communicate(timeout=60)
    assert said.split() == ["4", "zombie", "True"]
    assert child.returncode == 0


def test_a_full_disk_is_said_with_exit_code_2(as_root) -> None:
    with small_disk(12) as small:
        if small is None:
            pytest.skip("this machine does not let a test mount a small disk")
        with pytest.raises(EmbeddedDiskFull, match="No space left on device") as caught:
            EmbeddedPostgres(small / "database").ensure()
        assert (caught.value.status, caught.value.exit_code) == (507, 2)
        assert not (small / "database" / "cluster").exists()
