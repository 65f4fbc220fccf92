"""Whatever dies, and however, the next ensure() gives a server that answers and every committed row."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from ruach_studio.infra.db import Database
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.embedded.postmaster import disown_stale_pid


def test_kill_9_of_the_server_costs_no_row_in_the_same_process(folder) -> None:
    with folder.server() as dsn:
        pass
    server = folder.server()
    dsn = server.ensure()
    for number in (1, 2):
        folder.write(dsn, number)
        first = folder.pid()
        os.kill(first, signal.SIGKILL)
        assert server.ensure() == dsn
        assert folder.pid() not in (None, first)
    assert folder.read(dsn) == [1, 2]
    assert server.release() is True
    assert folder.pid() is None


def test_kill_9_of_the_server_while_a_connection_works_costs_no_committed_row(folder) -> None:
    server = folder.server()
    dsn = server.ensure()
    folder.write(dsn, 1)
    with psycopg.connect(dsn) as busy:
        busy.execute("insert into kept values (99)")  # never committed
        os.kill(folder.pid(), signal.SIGKILL)
        assert folder.read(server.ensure()) == [1]
        busy.close()


def test_kill_9_of_the_last_user_leaves_a_server_that_the_next_adopts_and_stops(folder) -> None:
    first, dsn = folder.user()
    folder.write(dsn, 7)
    pid = folder.pid()
    folder.kill(first)
    assert folder.pid() == pid
    second, adopted = folder.user()
    assert (adopted, folder.pid()) == (dsn, pid)
    third, _ = folder.user()
    folder.kill(second)
    assert folder.read(dsn) == [7]
    folder.leave(third)
    assert folder.pid() is None


def test_kill_9_of_user_and_server_together_is_a_plain_start(folder) -> None:
    child, dsn = folder.user()
    folder.write(dsn, 3)
    os.kill(folder.pid(), signal.SIGKILL)
    folder.kill(child)
    with folder.server() as again:
        assert folder.read(again) == [3]


@pytest.mark.parametrize("foreign", ["living", "zombie"])
def test_a_stale_pid_that_is_now_somebody_elses_does_not_stop_a_start(folder, foreign: str) -> None:
    server = folder.server()
    dsn = server.ensure()
    folder.write(dsn, 5)
    killed = folder.pid()
    os.kill(killed, signal.SIGKILL)
    folder.wait_until(lambda: folder.pid() is None)
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    if foreign == "zombie":
        other.stdin.close()
        folder.wait_until(lambda: psutil.Process(other.pid).status() == psutil.STATUS_ZOMBIE)
    path = folder.layout.cluster / "postmaster.pid"
    rest = path.read_text().split("\n", 1)[1]
    path.write_text(f"{other.pid}\n{rest}")
    try:
        assert folder.read(server.ensure()) == [5]
        assert folder.pid() != other.pid
        if foreign == "living":
            assert other.poll() is None  # never harmed
    finally:
        other.kill()
        other.communicate()


@pytest.mark.parametrize("left", ["", "\0" * 90, "0\n", "99999999999999\n"], ids=["empty", "zeros", "nobody", "no-pid"])
def test_a_pid_file_that_a_power_cut_spoiled_does_not_stop_a_start(folder, left: str) -> None:
    (folder.layout.cluster / "postmaster.pid").write_text(left)
    with folder.server() as dsn:
        folder.write(dsn, 1)
        assert folder.read(dsn) == [1]


def test_a_stale_pid_file_is_replaced_whole_never_emptied_on_the_way(folder, tmp_path) -> None:
    path, rest = folder.layout.cluster / "postmaster.pid", f"{folder.layout.cluster}\n1\n5432\n"
    path.write_text(f"{os.getpid()}\n{rest}")
    path.chmod(0o600)
    (tmp_path / "old").hardlink_to(path)
    disown_stale_pid(folder.layout, tmp_path)
    assert (tmp_path / "old").read_text() == f"{os.getpid()}\n{rest}"
    assert path.read_text() == f"{2**22 + 1}\n{rest}"
    assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o600, os.geteuid())
    assert [each.name for each in folder.layout.cluster.glob("*postmaster.pid*")] == ["postmaster.pid"]


def test_a_socket_swept_from_the_temporary_folder_is_made_anew(folder) -> None:
    server = folder.server()
    dsn = server.ensure()
    folder.write(dsn, 8)
    socket_folder = Path(conninfo_to_dict(dsn)["host"])
    for each in socket_folder.iterdir():
        each.unlink()
    socket_folder.rmdir()
    assert folder.read(server.ensure()) == [8]


def test_a_server_whose_data_was_deleted_is_ended_and_replaced(folder) -> None:
    child, dsn = folder.user()
    orphan = folder.pid()
    folder.kill(child)
    subprocess.run(["rm", "-rf", str(folder.path)], check=True)
    with folder.server() as again:
        assert again == dsn
        assert folder.pid() != orphan
        assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
        folder.write(again, 1)
        assert folder.read(again) == [1]


def test_a_crash_in_the_middle_of_making_the_cluster_is_made_good(empty_folder) -> None:
    draft = empty_folder.path / "cluster.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with empty_folder.server() as dsn:
        empty_folder.write(dsn, 1)
    assert not draft.exists()


def test_a_server_with_every_connection_in_use_is_alive(folder) -> None:
    server = EmbeddedPostgres(folder.path, settings={"fsync": "off", "max_connections": "5"})
    dsn = server.ensure()
    pid = folder.pid()
    held = [psycopg.connect(dsn) for _ in range(5)]
    try:
        assert server.ensure() == dsn
        assert folder.pid() == pid
    finally:
        for conn in held:
            conn.close()


async def test_a_pool_outlives_a_killed_server(folder) -> None:
    server = folder.server()
    async with Database(server.ensure()) as database:
        async with database.transaction() as tx:
            await tx.execute(text("create table kept (n int)"))
        os.kill(folder.pid(), signal.SIGKILL)
        server.ensure()
        async with database.transaction() as tx:
            await tx.execute(text("insert into kept values (1)"))
    assert folder.read(server.ensure()) == [1]
