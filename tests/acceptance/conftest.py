"""Make a talk, take it through the product's own steps, and hold what came out against the truth.

Every fixture lasts for the whole run; tests that share one carry the same xdist group, so that one worker makes it once.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.assembly.edl import edl_bytes, next_state, to_wire
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions, draft
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.render_files import Artifact, render_files
from ruach_studio.testing.measure import Heard, Seen, heard_in, seen_in
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
class Programme:
    """A talk, its EDL and the finished files; measuring happens on first use."""

    talk: Talk
    draft: Drafted
    artifacts: dict[str, Artifact]
    seconds_taken: dict[str, float] = field(default_factory=dict)

    @cached_property
    def seen(self) -> dict[str, tuple[Seen, ...]]:
        return {name: seen_in(self.artifacts[name].path) for name in VIDEOS}

    @cached_property
    def heard(self) -> tuple[Heard, ...]:
        return heard_in(self.artifacts["full_16_9"].path, clean_scene(self.talk))

    def camera_at(self, frame: int) -> str:
        """Return the camera that the EDL wants at a programme frame."""
        return next(
            cut["camera"]
            for cut in self.draft.wire["tracks"]["program"]
            if cut["startFrame"] <= frame < cut["endFrameExclusive"]
        )


def render(talk: Talk, folder: Path) -> Programme:
    began = time.monotonic()
    drafted = assemble(talk, folder / "scratch")
    assembled = time.monotonic()
    work = render_files(drafted.wire, [*VIDEOS, "thumbnail"], folder / "out", lambda progress: None, runner=FfmpegRunner())
    artifacts = {artifact.format: artifact for artifact in asyncio.run(work)}
    taken = {"assemble": assembled - began, "render": time.monotonic() - assembled}
    return Programme(talk, drafted, artifacts, taken)


@pytest.fixture(scope="session", params=["small", pytest.param("full", marks=pytest.mark.slow)])
def programme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """24 s at 320x180, B split, a mixer (full: the 90 s of the demo, 720p and 1080p); rendered once in all formats."""
    folder = tmp_path_factory.mktemp(f"programme-{request.param}")
    shape = {"seconds": 24, "size": (320, 180), "split_b": True, "mixer": True} if request.param == "small" else {}
    return render(make_talk(folder / "footage", **shape), folder)


@pytest.fixture(scope="session")
def talk90(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """The whole dialogue, small pictures, camera B split in two files, a mixer track."""
    return make_talk(tmp_path_factory.mktemp("talk90"), size=(320, 180), split_b=True, mixer=True)


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
