"""Make a talk, take it through the product's own steps, and hold what came out against the truth.

Every fixture lasts for the whole run; tests that share one carry the same xdist group, so that one worker makes it once.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.assembly.angles import WINDOW_MS, select_angles
from ruach_studio.assembly.edl import build_edl, edl_bytes, next_state, programme_of, to_wire
from ruach_studio.assembly.energy import energy_matrix
from ruach_studio.assembly.session import Camera, SessionSources
from ruach_studio.assembly.sync import SyncSolution, align
from ruach_studio.assembly.usecases.listen import clip_of, listen_all
from ruach_studio.infra.media import check_media
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.render_files import Artifact, render_files
from ruach_studio.testing.measure import Heard, Seen, heard_in, seen_in
from ruach_studio.testing.talk import Talk, clean_scene, make_talk

VIDEOS = ("full_16_9", "short_9_16", "clip_1_1")
SESSION = "5e551011-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Draft:
    """What assembly made of a talk: the sync, the locked EDL on the wire, its bytes as a draft, the decisions' hashes."""

    solution: SyncSolution
    wire: dict
    draft_bytes: bytes
    decision_hashes: tuple[str, ...]


def assemble(talk: Talk, scratch: Path, *, ruleset: str = "angle-v2", extra: Sequence[Path] = ()) -> Draft:
    """Take the files of `talk` through listening, sync, energy, angles and EDL; `extra` files join as cameras X0, X1, …"""
    files = {**talk.files, **{f"X{number}": (path,) for number, path in enumerate(extra)}}
    roles = {camera.camera_id: camera.role for camera in talk.cameras}
    cameras = []
    for name, paths in files.items():
        facts = [check_media(path, need_audio=True, need_video=roles.get(name) != "audio") for path in paths]
        cameras.append(Camera(name, tuple(clip_of(info) for info in facts), roles.get(name, "camera")))
    sources = SessionSources(tuple(cameras))
    digests = iter(asyncio.run(listen_all([clip.path for c in cameras for clip in c.clips], scratch)))
    tracks = {camera.camera_id: [next(digests) for _ in camera.clips] for camera in cameras}
    solution = align(tracks, talk.master)
    programme = programme_of(sources, solution)
    matrix = energy_matrix(tracks, solution.placements, WINDOW_MS[ruleset], programme.duration_s)
    plan = select_angles(matrix, ruleset=ruleset, wide=talk.wide, duration_s=programme.duration_s)
    edl = build_edl(SESSION, sources, solution, plan, programme=programme)
    wire = to_wire(edl)
    state = edl.status
    for action in ("submit", "approve", "lock"):
        state = next_state(state, action)
    hashes = tuple(shot.verdict.inputs_hash for shot in plan.shots)
    return Draft(solution, {**wire, "status": state}, edl_bytes(edl), hashes)


@dataclass(frozen=True)
class Programme:
    """A talk, its EDL and the finished files; measuring happens on first use."""

    talk: Talk
    draft: Draft
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
    draft = assemble(talk, folder / "scratch")
    assembled = time.monotonic()
    work = render_files(draft.wire, [*VIDEOS, "thumbnail"], folder / "out", lambda progress: None, runner=FfmpegRunner())
    artifacts = {artifact.format: artifact for artifact in asyncio.run(work)}
    taken = {"assemble": assembled - began, "render": time.monotonic() - assembled}
    return Programme(talk, draft, artifacts, taken)


@pytest.fixture(scope="session", params=["small", pytest.param("full", marks=pytest.mark.slow)])
def programme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """24 s at 320x180 (full: 90 s at 720p and 1080p), assembled and rendered once in all formats."""
    folder = tmp_path_factory.mktemp(f"programme-{request.param}")
    shape = {"seconds": 24, "size": (320, 180)} if request.param == "small" else {}
    return render(make_talk(folder / "footage", **shape), folder)


@pytest.fixture(scope="session")
def talk90(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """The whole dialogue, small pictures, camera B split in two files."""
    return make_talk(tmp_path_factory.mktemp("talk90"), size=(320, 180), split_b=True)


@pytest.fixture(scope="session")
def drafts90(talk90: Talk, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Draft]:
    """Return the draft of the 90-second talk by ruleset; each is made once."""
    scratch, made = tmp_path_factory.mktemp("scratch90"), {}

    def draft(ruleset: str) -> Draft:
        if ruleset not in made:
            made[ruleset] = assemble(talk90, scratch, ruleset=ruleset)
        return made[ruleset]

    return draft


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
def assembled() -> Callable[..., Draft]:
    """Return the function (talk, scratch folder) -> draft, for tests that want a run of their own."""
    return assemble
