"""Make a talk, take it through the product's own steps, and hold what came out against the truth.

Every fixture lasts for the whole run; tests that share one carry the same xdist group, so that one worker makes it once.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.assembly.edl import edl_bytes, next_state, to_wire
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions, draft
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.testing.measure import Heard, Loudness, Seen, heard_in, loudness_of, seen_in
from ruach_studio.testing.service import Service, served
from ruach_studio.testing.talk import Talk, clean_scene, make_talk

VIDEOS = ("full_16_9", "short_9_16", "clip_1_1")
SESSION = "5e551011-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Drafted:
    """What assembly made of a talk: the sync, the locked EDL on the wire, its bytes as a draft, the decisions' hashes."""

    solution: SyncSolution
    wire: dict
    draft_bytes: bytes
    decision_hashes: tuple[str, ...]


def assemble(talk: Talk, scratch: Path, *, ruleset: str = "angle-v2") -> Drafted:
    """Take the files of `talk` through the product's pipeline; approve and lock the EDL as an operator would."""
    cameras = [CameraFiles(camera.camera_id, talk.files[camera.camera_id], camera.role) for camera in talk.cameras]
    made = asyncio.run(draft(SESSION, cameras, DraftOptions(master=talk.master, ruleset=ruleset), scratch=scratch))
    state = made.edl.status
    for action in ("submit", "approve", "lock"):
        state = next_state(state, action)
    hashes = tuple(f"{cut} {verdict.inputs_hash} {inputs_hash(verdict)}" for cut, verdict in made.decisions)
    return Drafted(made.solution, {**to_wire(made.edl), "status": state}, edl_bytes(made.edl), hashes)


@dataclass(frozen=True)
class Run:
    """What `ruach run` left: its words and its folder, read anew."""

    out: Path
    said: str

    @property
    def edl(self) -> dict:
        return json.loads((self.out / "edl.json").read_text())

    @property
    def report(self) -> dict:
        return json.loads((self.out / "report.json").read_text())


def run_ruach(folder: Path, *words: str, data: str = "data", out: str = "out") -> Run:
    """Give the command as a person who stands in `folder`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RUACH_")}
    environment |= {"RUACH_DATA_DIR": str(folder / data), "COLUMNS": "160"}
    command = [sys.executable, "-m", "ruach_studio.app.cli.main", "run", *words, "--out", out]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=850)
    assert done.returncode == 0, done.stdout + done.stderr
    return Run(folder / out, done.stdout)


@dataclass(frozen=True)
class Programme:
    """A talk and what the command made of it; measuring happens on first use. `words` name the footage from above it."""

    talk: Talk
    words: tuple[str, ...]
    run: Run

    @cached_property
    def wire(self) -> dict:
        return self.run.edl

    @cached_property
    def artifacts(self) -> dict[str, dict]:
        """What the report says of each file, by format."""
        return {artifact["format"]: artifact for artifact in self.run.report["artifacts"]}

    @cached_property
    def seen(self) -> dict[str, tuple[Seen, ...]]:
        return {name: seen_in(self.path(name)) for name in VIDEOS}

    @cached_property
    def loud(self) -> dict[str, Loudness]:
        return {name: loudness_of(self.path(name)) for name in VIDEOS}

    @cached_property
    def heard(self) -> tuple[Heard, ...]:
        return heard_in(self.path("full_16_9"), clean_scene(self.talk))

    def path(self, name: str) -> Path:
        return self.run.out / (f"{name}.mp4" if name in VIDEOS else f"{name}.jpg")

    def camera_at(self, frame: int) -> str:
        """Return the camera that the EDL wants at a programme frame."""
        return next(
            cut["camera"] for cut in self.wire["tracks"]["program"] if cut["startFrame"] <= frame < cut["endFrameExclusive"]
        )


def make_programme(folder: Path, **shape) -> Programme:
    talk = make_talk(folder / "footage", **shape)
    words = tuple(word.replace(f"{folder}/", "") for word in talk.camera_arguments())
    return Programme(talk, words, run_ruach(folder, *words))


@pytest.fixture(scope="session")
def small_programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """19 s at 320x180, B split (in the middle of the film's shot of it), a mixer; the shortest that cuts to B and back."""
    return make_programme(tmp_path_factory.mktemp("small"), seconds=19, size=(320, 180), split_b=True, mixer=True)


@pytest.fixture(scope="session", params=["small", pytest.param("full", marks=pytest.mark.slow)])
def programme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """The small one (full: the 90 s of the demo, 720p and 1080p); rendered once in all formats, by the main job."""
    if request.param == "small":
        return request.getfixturevalue("small_programme")
    return make_programme(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="session")
def ruach_run() -> Callable[..., Run]:
    """Return the function (folder, words, data=…, out=…) -> Run, for runs beside the programme's."""
    return run_ruach


@pytest.fixture(scope="session")
def talk90(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """The whole dialogue, pictures as small as they can be read, camera B split in two files, a mixer track."""
    return make_talk(tmp_path_factory.mktemp("talk90"), size=(160, 92), split_b=True, mixer=True)


@pytest.fixture(scope="session")
def drafts90(talk90: Talk, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Drafted]:
    """Return the draft of the 90-second talk by ruleset; each is made once."""
    scratch, made = tmp_path_factory.mktemp("scratch90"), {}

    def drafted(ruleset: str) -> Drafted:
        if ruleset not in made:
            made[ruleset] = assemble(talk90, scratch, ruleset=ruleset)
        return made[ruleset]

    return drafted


@pytest.fixture(scope="session")
def shares() -> Callable[[Talk, dict], tuple[float, float, float]]:
    """Return a function (talk, EDL) -> shares of turn time that show the right person, the wide, the wrong person."""

    def count(talk: Talk, wire: dict) -> tuple[float, float, float]:
        cuts = wire["tracks"]["program"]
        times = np.arange(0, wire["durationMs"] / 1000, 0.01)
        right = wide = wrong = 0
        for t_s in times:
            speaker = talk.true_speaker_at(float(t_s))
            if speaker not in talk.camera_of:
                continue
            shown = next(cut["camera"] for cut in cuts if cut["startMs"] <= t_s * 1000 < cut["endMs"])
            right += shown == talk.camera_of[speaker]
            wide += shown == talk.wide
            wrong += shown not in (talk.camera_of[speaker], talk.wide)
        total = right + wide + wrong
        return right / total, wide / total, wrong / total

    return count


@pytest.fixture(scope="session")
def assembled() -> Callable[..., Drafted]:
    """Return the function (talk, scratch folder) -> draft, for tests that want a run of their own."""
    return assemble


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    """14 s in small pictures, in the home of a service of the test's own."""
    return make_talk(tmp_path / "home" / "footage", seconds=14, size=(320, 180))


@pytest.fixture
def service(talk: Talk) -> Iterator[Service]:
    """`ruach serve` beside the footage, with an operator; stopped in the end if the test has not."""
    with served(talk.folder.parent) as running:
        yield running
