"""Several processes share one server; the last to leave stops it, and only the last."""

import os
import signal
import stat
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.embedded.errors import EmbeddedServerDown
from ruach_studio.infra.embedded.locks import exclusive


def test_processes_that_start_at_once_share_one_server(empty_folder) -> None:
    children = [empty_folder.start_user() for _ in range(4)]
    addresses = {child.stdout.readline().strip() for child in children}
    assert len(addresses) == 1
    dsn = addresses.pop()
    assert dsn.startswith("postgresql://ruach@/ruach?host=")
    assert empty_folder.layout.log.read_text().count("starting PostgreSQL") == 1
    pid = empty_folder.pid()
    for child in children[:-1]:
        empty_folder.leave(child)
        assert empty_folder.pid() == pid
    empty_folder.write(dsn, 1)
    empty_folder.leave(children[-1])
    assert empty_folder.pid() is None
    with empty_folder.server() as again:
        assert empty_folder.read(again) == [1]


def test_release_stops_only_as_the_last_and_stop_stops_for_all(folder) -> None:
    one, two = folder.server(), folder.server()
    dsn = one.ensure()
    assert two.ensure() == dsn
    assert one.release() is False
    assert one.release() is False
    folder.write(dsn, 1)
    assert one.ensure() == dsn
    assert two.stop() is True
    assert folder.pid() is None
    assert two.stop() is False
    assert folder.read(one.ensure()) == [1]
    assert one.release() is True


def test_a_server_whose_users_were_all_killed_can_be_stopped_and_one_in_use_cannot(folder) -> None:
    assert folder.server().stop_if_unused() is False
    child, _ = folder.user()
    assert folder.server().stop_if_unused() is False
    assert folder.pid() is not None
    folder.kill(child)
    assert folder.server().stop_if_unused() is True
    assert folder.pid() is None


def test_nothing_is_left_behind_by_a_clean_stop(folder) -> None:
    with folder.server() as dsn:
        host = Path(conninfo_to_dict(dsn)["host"])
        assert stat.S_IMODE(host.stat().st_mode) == 0o700
    assert not host.exists()
    assert not (folder.layout.cluster / "postmaster.pid").exists()
    assert "database system is shut down" in folder.layout.log.read_text()


def test_ctrl_c_in_the_terminal_of_the_starter_does_not_reach_the_server(folder) -> None:
    child, dsn = folder.user(start_new_session=True)
    pid = folder.pid()
    assert os.getsid(pid) != os.getsid(child.pid)
    os.killpg(child.pid, signal.SIGINT)
    child.communicate()
    assert folder.pid() is None or folder.read(dsn) is not None  # its own clean exit may stop it, never the signal
    assert "received fast shutdown request" in folder.layout.log.read_text()


def test_a_terminal_that_closes_on_two_users_leaves_the_server_to_the_third(folder) -> None:
    first, dsn = folder.user(start_new_session=True)
    second, _ = folder.user()
    os.killpg(first.pid, signal.SIGHUP)
    first.communicate()
    folder.write(dsn, 2)
    assert folder.read(dsn) == [2]
    folder.leave(second)
    assert folder.pid() is None


def test_a_forked_child_does_not_stop_its_parents_server(folder) -> None:
    server = folder.server()
    server.ensure()
    child = os.fork()
    if child == 0:
        server.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert folder.pid() is not None
    assert server.release() is True


def test_the_desk_settings_are_durable_and_only_the_socket_is_open(empty_folder) -> None:
    with EmbeddedPostgres(empty_folder.path) as dsn, psycopg.connect(dsn) as conn:
        shown = {
            name: conn.execute(f"show {name}").fetchone()[0]
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses")
        }
        assert shown == {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
        }
        assert conn.execute("show max_connections").fetchone() == ("100",)
        assert conn.execute("select upper('né'), lower('ÀЖ')").fetchone() == ("NÉ", "àж")


def test_an_operators_own_settings_survive_a_restart(folder) -> None:
    with folder.server():
        pass
    (folder.layout.cluster / "local.conf").write_text("work_mem = '9MB'\n")
    with folder.server() as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("show work_mem").fetchone() == ("9MB",)


def test_a_server_that_cannot_start_says_why_and_what_to_do(folder) -> None:
    with pytest.raises(EmbeddedServerDown, match='unrecognized configuration parameter "nonsense"') as caught:
        EmbeddedPostgres(folder.path, settings={"nonsense": "1"}).ensure()
    assert str(folder.layout.log) in caught.value.remedy
    assert caught.value.retryable
    with folder.server() as dsn:
        folder.write(dsn, 1)


def test_a_folder_that_is_a_file_is_named(empty_folder) -> None:
    empty_folder.path.write_text("no folder")
    try:
        with pytest.raises(EmbeddedServerDown, match="File exists"):
            empty_folder.server().ensure()
    finally:
        empty_folder.path.unlink()


def test_a_lock_that_somebody_keeps_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "server.lock"
    with exclusive(lock, patience_s=1), pytest.raises(EmbeddedServerDown, match=r"server\.lock: another process"):
        exclusive(lock, patience_s=0.1).__enter__()


def test_data_of_another_major_version_is_refused_and_untouched(folder) -> None:
    with folder.server() as dsn:
        folder.write(dsn, 1)
    version = folder.layout.cluster / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(EmbeddedServerDown, match="incompatible with server"):
        folder.server().ensure()
    version.write_text("18\n")
    with folder.server() as dsn:
        assert folder.read(dsn) == [1]
