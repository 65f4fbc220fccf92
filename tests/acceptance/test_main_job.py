"""`ruach run` as a person gives it, with files named from where one stands: what lies in out/ is whole and true."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from ruach_studio.testing.measure import loudness_of, seen_in
from ruach_studio.testing.talk import Talk, make_talk

pytestmark = [pytest.mark.xdist_group("main-job"), pytest.mark.timeout(600)]
FILES = {"full_16_9.mp4", "short_9_16.mp4", "clip_1_1.mp4", "thumbnail.jpg", "edl.json", "edl.fcpxml", "report.json"}


@dataclass(frozen=True)
class Run:
    """What a command left: its words and its folder, read anew."""

    out: Path
    said: str

    @property
    def edl(self) -> dict:
        return json.loads((self.out / "edl.json").read_text())

    @property
    def report(self) -> dict:
        return json.loads((self.out / "report.json").read_text())


def run(folder: Path, *words: str, data: str, out: str = "out") -> Run:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RUACH_")}
    environment |= {"RUACH_DATA_DIR": str(folder / data), "COLUMNS": "160"}
    command = [sys.executable, "-m", "ruach_studio.app.cli.main", "run", *words, "--out", out]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return Run(folder / out, done.stdout)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    return make_talk(tmp_path_factory.mktemp("job") / "footage", seconds=12, size=(320, 180), split_b=True)


@pytest.fixture(scope="module")
def words(talk: Talk) -> list[str]:
    """Return the command's words with files relative to the folder above the footage."""
    return [word.replace(f"{talk.folder.parent}/", "") for word in talk.camera_arguments()]


@pytest.fixture(scope="module")
def done(talk: Talk, words: list[str]) -> Run:
    assert "--camera B=footage/B1.mp4,footage/B2.mp4" in " ".join(words)
    return run(talk.folder.parent, *words, data="data")


def test_everything_promised_lies_in_the_folder_and_nothing_else(done: Run) -> None:
    assert {path.name for path in done.out.iterdir()} == FILES
    with Image.open(done.out / "thumbnail.jpg") as image:
        assert image.size == (1920, 1080)


def test_every_frame_of_the_film_is_the_one_that_edl_and_truth_want(done: Run, talk: Talk) -> None:
    edl, seen = done.edl, seen_in(done.out / "full_16_9.mp4")
    assert len(seen) == edl["durationFrames"] == talk.camera("A").frames
    for number, picture in enumerate(seen):
        cut = next(c for c in edl["tracks"]["program"] if c["startFrame"] <= number < c["endFrameExclusive"])
        assert (picture.camera, picture.frame) == (cut["camera"], talk.frame_shown_at(cut["camera"], number / 30))
    assert edl["status"] == "locked"


def test_the_report_says_what_is_in_the_files(done: Run, talk: Talk) -> None:
    made = {artifact["format"]: artifact for artifact in done.report["artifacts"]}
    assert set(made) == {"full_16_9", "short_9_16", "clip_1_1", "thumbnail"}
    for name in ("full_16_9", "short_9_16", "clip_1_1"):
        path = done.out / f"{name}.mp4"
        measured = loudness_of(path)
        assert measured.lufs == pytest.approx(-14.0, abs=0.5)
        assert measured.peak_dbtp <= -1.0
        assert made[name]["loudnessLufs"] == pytest.approx(measured.lufs, abs=0.15)
        assert made[name]["sizeBytes"] == path.stat().st_size
        assert made[name]["durationMs"] == pytest.approx(12_000, abs=1)
        assert made[name]["url"] in done.said
    placed = {(place["camera"], place["clip"]): place["offsetMs"] for place in done.report["sync"]}
    for (camera, clip), offset_ms in placed.items():
        assert offset_ms == pytest.approx(talk.clip_offset_s(camera, clip) * 1000, abs=2.0)


@pytest.mark.slow
def test_the_same_command_on_a_fresh_machine_gives_the_same_papers(done: Run, talk: Talk, words: list[str]) -> None:
    again = run(talk.folder.parent, *words, data="data-fresh", out="out-fresh")
    assert (again.out / "edl.json").read_bytes() == (done.out / "edl.json").read_bytes()
    assert (again.out / "edl.fcpxml").read_bytes() == (done.out / "edl.fcpxml").read_bytes()
    assert (again.out / "full_16_9.mp4").read_bytes() == (done.out / "full_16_9.mp4").read_bytes()


@pytest.mark.slow
def test_the_same_command_again_makes_nothing_twice(done: Run, talk: Talk, words: list[str]) -> None:
    again = run(talk.folder.parent, *words, data="data", out="out-again")
    first, second = ({a["format"]: a["renderJobId"] for a in r.report["artifacts"]} for r in (done, again))
    assert second == first
    assert {path.name for path in again.out.iterdir()} == FILES
