"""The single steps, one command each, on files alone: no service and no database is started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ruach_studio.testing.talk import Talk, make_talk

pytestmark = pytest.mark.xdist_group("single-steps")


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    return make_talk(tmp_path_factory.mktemp("steps"), seconds=14, size=(320, 180))


@pytest.fixture
def ruach(tmp_path: Path):
    """Run a command in an empty folder; return (exit code, standard output, standard error)."""

    def run(*words: object) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "ruach_studio.app.cli.main", *map(str, words)]
        environment = {**os.environ, "RUACH_DATA_DIR": str(tmp_path / "data")}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def read(answer: tuple[int, str, str]) -> dict:
    code, out, err = answer
    assert code == 0, err
    return json.loads(out)


@pytest.mark.slow
def test_each_step_says_its_result_as_json(talk: Talk, ruach, tmp_path: Path) -> None:
    footage = talk.camera_arguments()
    found = {each["camera"]: each for each in read(ruach("sync", *footage, "--json"))["placements"]}
    for camera in talk.cameras:
        assert found[camera.camera_id]["offsetMs"] == pytest.approx(camera.offset_s * 1000, abs=2)
        assert found[camera.camera_id]["classification"] == "looks-good"

    energy = read(ruach("energy", *footage, "--json", "--out", "energy.npz"))
    assert energy["windowMs"] == 500
    assert {name: len(levels) for name, levels in energy["cameras"].items()} == dict.fromkeys("ABC", 28)
    assert energy["cameras"]["B"][0] == "NaN", "B was not recording yet: that is not silence"
    assert (tmp_path / "energy.npz").stat().st_size > 0

    made = read(ruach("assemble", *footage, "--json", "--out", "talk.edl.json"))
    shown = read(ruach("edl", "show", "talk.edl.json", "--json"))
    assert (shown["status"], shown["errors"], len(shown["tracks"]["program"])) == ("draft", [], made["cutCount"])
    assert all(cut["reasons"] for cut in shown["tracks"]["program"])

    code, _, said = ruach("edl", "lock", "talk.edl.json")
    assert code == 2
    assert "talk.edl.json" in said
    assert "approve" in said.lower()
    assert read(ruach("edl", "approve", "talk.edl.json", "--json"))["status"] == "approved"
    assert read(ruach("edl", "lock", "talk.edl.json", "--json"))["status"] == "locked"
    code, text, _ = ruach("edl", "export", "talk.edl.json", "--format", "fcpxml")
    assert code == 0
    assert text.startswith("<?xml")
    code, text, _ = ruach("edl", "export", "talk.edl.json", "--format", "json")
    assert json.loads(text)["status"] == "locked"

    films = json.loads(ruach("render", "talk.edl.json", "--format", "thumbnail", "--out", "films", "--json")[1])
    assert [film["format"] for film in films] == ["thumbnail"]
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["thumbnail.jpg"]
    assert not (tmp_path / "data" / "postgres").exists(), "no step needs a database"
