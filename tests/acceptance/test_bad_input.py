"""Bad input to `ruach run`: exit code 2, one message with file, fact and remedy, and nothing half-made left behind."""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.testing.bad_inputs import bad_inputs
from ruach_studio.testing.small_disk import small_disk
from ruach_studio.testing.talk import make_talk

pytestmark = [pytest.mark.xdist_group("bad-input"), pytest.mark.timeout(300)]
REMEDY = re.compile(r"\b(Check|Name|Copy|Give|Write|Record|Export|Free|Choose|Add|Use|Place|Leave|Put|Set)\b")


def as_process(words: tuple[str, ...], cwd: Path, data: Path, prefix: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RUACH_")}
    environment |= {"RUACH_DATA_DIR": str(data), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*prefix, sys.executable, "-m", "ruach_studio.app.cli.main", *words]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL
    )


def in_process(words: tuple[str, ...], cwd: Path, data: Path) -> subprocess.CompletedProcess[str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for key in [key for key in os.environ if key.startswith("RUACH_")]:
            patch.delenv(key)
        patch.setenv("RUACH_DATA_DIR", str(data))
        patch.chdir(cwd)
        code = run_command(list(words))
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Stage:
    """A folder with good and bad footage, and the data folder that all commands share."""

    root: Path
    good: dict[str, Path]
    bad: dict[str, Path]

    def run(
        self, *words: str, out: Path, prefix: tuple[str, ...] = (), data: Path | None = None, process: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run `ruach run` in an empty folder of its own; `prefix` is a command that starts the command.

        Here, where loading the program is paid for once; as a `process` where that is the matter.
        """
        data, cwd = data or self.root / "data", Path(tempfile.mkdtemp(dir=self.root))
        words = ("run", *words, "--out", str(out))
        done = as_process(words, cwd, data, prefix) if process or prefix else in_process(words, cwd, data)
        assert list(cwd.iterdir()) == [], "something was left in the working folder"
        return done

    def cameras(self, **files: Path) -> list[str]:
        """Return --camera words for these files."""
        return [word for name, path in files.items() for word in ("--camera", f"{name}={path}")]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    root = Path(tempfile.mkdtemp(prefix="ruach-bad-"))
    talk = make_talk(root / "good", seconds=12, size=(320, 180))
    bad = bad_inputs(root / "bad")
    try:
        yield Stage(root, {name: files[0] for name, files in talk.files.items()}, bad)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check that the command said what is wrong with what, and what to do about it."""
    said = done.stderr
    assert done.returncode == 2, f"exit {done.returncode}\n{done.stdout}\n{said}"
    assert "Traceback" not in said
    for word in words:
        assert re.search(word, said, re.IGNORECASE), f"{word!r} is not in: {said}"
    assert REMEDY.search(said), f"no remedy in: {said}"


def left_in(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*")) if out.exists() else []


@pytest.mark.parametrize(
    ("kind", "fact"),
    [
        ("missing", "no such file"),
        ("directory", "folder"),
        ("empty", "0 bytes"),
        ("text", "not a media file"),
        ("truncated", "ends before its index"),
        ("no_audio", "no sound"),
        ("no_picture", "no picture"),
    ],
)
def test_a_camera_file_that_cannot_be_used(stage: Stage, tmp_path: Path, kind: str, fact: str) -> None:
    done = stage.run(
        *stage.cameras(A=stage.good["A"], B=stage.bad[kind], C=stage.good["C"]), "--wide", "C", out=tmp_path / "out"
    )
    refused(done, re.escape(stage.bad[kind].name), fact)
    assert left_in(tmp_path / "out") == []


def test_one_camera_only(stage: Stage, tmp_path: Path) -> None:
    refused(stage.run(*stage.cameras(A=stage.good["A"]), out=tmp_path / "out", process=True), "1 camera", "two")
    assert left_in(tmp_path / "out") == []


def test_two_cameras_with_the_same_name(stage: Stage, tmp_path: Path) -> None:
    words = [*stage.cameras(A=stage.good["A"]), *stage.cameras(A=stage.good["B"])]
    refused(stage.run(*words, out=tmp_path / "out"), "camera A", "twice", "B.mp4")
    assert left_in(tmp_path / "out") == []


def test_a_silent_camera_is_named_even_if_it_is_the_master(stage: Stage, tmp_path: Path) -> None:
    silent = stage.root / "silent.mp4"
    remake = ["-i", str(stage.good["A"]), "-c:v", "copy", "-af", "volume=0", "-y", str(silent)]
    subprocess.run([find_ffmpeg(), "-v", "error", *remake], check=True)
    done = stage.run(*stage.cameras(A=silent, B=stage.good["B"]), out=tmp_path / "out")
    refused(done, r"silent\.mp4", "camera A is silent")
    assert left_in(tmp_path / "out") == []


def test_a_program_that_is_no_ffmpeg(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFMPEG_BIN", "/bin/true")
    refused(stage.run(*stage.cameras(A=stage.good["A"], B=stage.good["B"]), out=tmp_path / "out"), "/bin/true", "no FFmpeg")
    assert left_in(tmp_path / "out") == []


def test_unrelated_recordings(stage: Stage, tmp_path: Path) -> None:
    done = stage.run(*stage.cameras(A=stage.good["A"], B=stage.bad["unrelated"]), out=tmp_path / "out")
    refused(done, r"unrelated\.mp4", "matches no other camera")
    assert left_in(tmp_path / "out") == []


@pytest.fixture
def small() -> Iterator[Path]:
    """A file system of 20 MB."""
    with small_disk(20) as disk:
        if disk is None:
            pytest.skip("cannot mount a small tmpfs here (needs root), so there is no full disk to try")
        yield disk


@pytest.mark.parametrize("which", ["out", "data"])
def test_a_full_disk(stage: Stage, tmp_path: Path, small: Path, which: str) -> None:
    """Finished files or working files have no room: said before anything is drawn."""
    out = (small if which == "out" else tmp_path) / "out"
    data = small / "data" if which == "data" else None
    done = stage.run(*stage.cameras(A=stage.good["A"], B=stage.good["B"]), out=out, data=data)
    refused(done, re.escape(str(small)), r"\bMB\b", "Free")
    assert left_in(out) == []


@pytest.fixture
def bound() -> tuple[str, ...]:
    """Return what makes permissions count: nothing, or for root a start without the right to override them."""
    if os.geteuid() != 0:
        return ()
    prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
    if shutil.which("setpriv") is None or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("running as root, and setpriv cannot take away the right to override permissions")
    return prefix


def test_no_permission_to_write(stage: Stage, bound: tuple[str, ...]) -> None:
    parent = stage.root / "read-only"
    parent.mkdir(mode=0o555)
    done = stage.run(*stage.cameras(A=stage.good["A"], B=stage.good["B"]), out=parent / "out", prefix=bound)
    refused(done, re.escape(str(parent)), "written|permission")
    assert left_in(parent) == []


def test_no_permission_to_read(stage: Stage, tmp_path: Path, bound: tuple[str, ...]) -> None:
    locked = stage.root / "locked.mp4"
    shutil.copyfile(stage.good["B"], locked)
    locked.chmod(0o000)
    done = stage.run(*stage.cameras(A=stage.good["A"], B=locked), out=tmp_path / "out", prefix=bound)
    refused(done, r"locked\.mp4", "may not be read")
    assert left_in(tmp_path / "out") == []
