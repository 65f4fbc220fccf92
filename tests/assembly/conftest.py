"""Make scenes and EDLs whose truth is known: turns, pauses, bleed, gains, a wide camera; clips, rates, offsets."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from ruach_studio.assembly.angles_shot import AngleOptions, AnglePlan, Shot
from ruach_studio.assembly.edl import build_edl, programme_of
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.sync import Placement, SyncSolution
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.timebase import FrameRate


@dataclass(frozen=True)
class TalkScene:
    matrix: EnergyMatrix
    turns: tuple[tuple[float, float, str], ...]  # (start_s, end_s, speaker = camera)
    duration_s: float


@dataclass(frozen=True)
class Footage:
    folder: Path
    turns: tuple[tuple[float, float, str], ...]  # on the master's timeline
    offsets_s: dict[str, float]

    def path(self, name):
        return str(self.folder / f"{name}.mp4")


def talk_scene(
    *, seed=1, seconds=300.0, speakers=("A", "B"), gains_db=(0.0, -12.0), bleed_db=-10.0, noise_dbfs=-58.0,
    window_ms=100, wide="W", mean_turn_s=7.0,
) -> TalkScene:  # fmt: skip
    """Levels at 10 ms, as a room makes them: syllables, word gaps, turns, then everyone in every microphone."""
    rng = np.random.default_rng(seed)
    step = 0.01
    count = int(seconds / step)
    voice = np.zeros((count, len(speakers)))
    turns, at, who = [], 0.8, 0
    while at < seconds - 3.0:
        length = float(np.clip(rng.lognormal(np.log(mean_turn_s), 0.5), 3.0, 30.0))
        end = min(at + length, seconds - 0.5)
        turns.append((at, end, speakers[who]))
        low, high = int(at / step), int(end / step)
        syllable = 6.0 * np.sin(2 * np.pi * 4.0 * np.arange(high - low) * step + rng.uniform(0, 6))
        words = -14.0 * (np.sin(2 * np.pi * 0.6 * np.arange(high - low) * step + rng.uniform(0, 6)) > 0.9)
        level = -20.0 + syllable + words + rng.normal(0, 2.0, high - low)
        voice[low:high, who] += 10 ** (level / 10)
        at = end + float(rng.uniform(0.1, 0.9))
        who = int((who + rng.integers(1, len(speakers))) % len(speakers)) if len(speakers) > 1 else 0
    mix = np.full((len(speakers),) * 2, 10 ** (bleed_db / 10))
    np.fill_diagonal(mix, 1.0)
    mics = voice @ mix.T * 10 ** (np.array(gains_db) / 10)
    columns = [mics[:, j] for j in range(len(speakers))]
    if wide:
        columns.append(voice.sum(axis=1) * 10 ** (-3.0 / 10))
    power = np.column_stack(columns)
    power = power + 10 ** (noise_dbfs / 10) * rng.chisquare(40, power.shape) / 40
    per = round(window_ms / 10)
    windows = power[: count // per * per].reshape(-1, per, power.shape[1]).mean(axis=1)
    names = (*speakers, wide) if wide else tuple(speakers)
    dbfs = (10 * np.log10(windows)).astype(np.float32)
    return TalkScene(EnergyMatrix(window_ms, names, dbfs), tuple(turns), windows.shape[0] * window_ms / 1000)


def share_correct(shots, turns) -> float:
    """Return the share of turn time during which the speaker's camera is shown."""
    right = total = 0.0
    for start, end, speaker in turns:
        total += end - start
        right += sum(max(0.0, min(end, s.end_s) - max(start, s.start_s)) for s in shots if s.camera == speaker)
    return right / total


@pytest.fixture
def make_talk_scene():
    return talk_scene


@pytest.fixture
def correct():
    return share_correct


def made_edl(*, fps="30000/1001", seconds=60.0, wide="W", audio=False):
    """An EDL from hand-made shots, with every kind of source: two clips, other rates, both signs of offset, drift."""
    rate = FrameRate.parse(fps)
    session = SessionSources(
        (
            Camera("A", (Clip("/m/a.mp4", seconds, rate, 1280, 720, True),)),
            Camera("B", (Clip("/m/b 1.mp4", 30.0, FrameRate.parse(25), 1920, 1080, True),
                         Clip("/m/b2.mp4", 40.0, FrameRate.parse(25), 1920, 1080, True))),
            Camera("W", (Clip("/m/w.mov", seconds + 10.0, rate, 1280, 720, True),), "wide"),
            *((Camera("mix", (Clip("/m/mix.wav", seconds, None, 0, 0, True),), "audio"),) if audio else ()),
        )
    )  # fmt: skip
    solution = SyncSolution(
        "A",
        (
            Placement("A", 0, 0.0, 0.0, 1.0, "looks-good", 0.0),
            Placement("B", 0, 2.5, -35.0, 0.9, "looks-good", 1.0),
            Placement("B", 1, 32.6, -35.0, 0.7, "review-suggested", 1.0),
            Placement("W", 0, -4.0213, 20.0, 0.95, "looks-good", 1.0),
            *((Placement("mix", 0, 0.1, 0.0, 0.9, "looks-good", 0.5),) if audio else ()),
        ),
    )
    cuts = [(0.0, "A"), (7.013, "B"), (14.9, "W"), (20.0, "A"), (41.3, "B"), (55.0, "A")]
    ends = [start for start, _ in cuts[1:]] + [seconds]
    shots = tuple(
        Shot(start, end, camera, "wide" if camera == wide else "speaker", confidence,
             Verdict(camera, (f"8.2 dB lead & <more> at {start:.1f}",), "0" * 64, "angle-v2", confidence))
        for (start, camera), end, confidence in zip(cuts, ends, (0.95, 0.9, 0.9, 0.72, 0.41, 0.8), strict=True)
    )  # fmt: skip
    options = AngleOptions()
    inputs = {"rulesVersion": "angle-v2", "energy": {"sha256": "0" * 64}, "wide": wide, "micMap": {}, "options": options}
    plan = AnglePlan(shots, "angle-v2", seconds, inputs, options)
    return build_edl("s1", session, solution, plan, programme=programme_of(session, solution), sync_version=1)


@pytest.fixture
def make_edl():
    return made_edl


@pytest.fixture(scope="session")
def footage(tmp_path_factory):
    """Three small cameras that heard the same talk: A (master), B 1.25 s later and 9 dB quieter, W 0.5 s earlier."""
    folder = tmp_path_factory.mktemp("footage")
    (folder / "scratch").mkdir()
    return made_footage(folder)


def made_footage(folder, *, seconds=26.0, seed=5):
    """Write A.mp4, B.mp4, W.mp4 (64x36, 25 fps, AAC): two voices take turns, each louder on its own camera."""
    rate = 16_000
    rng = np.random.default_rng(seed)
    voices = np.zeros((2, int((seconds + 4) * rate)))
    turns, at, who = [], 1.0, 0
    while at < seconds:
        length = float(rng.uniform(3.0, 5.0))
        low, high = int(at * rate), min(int((at + length) * rate), voices.shape[1])
        beats = np.arange(0, high - low + 2000, 2000)
        syllables = np.interp(np.arange(high - low), beats, rng.uniform(0, 1, beats.size))
        sound = np.convolve(rng.normal(0, 1, high - low), [1.0, 0.8, 0.5] if who else [1.0, -0.3, -0.4], mode="same")
        voices[who, low:high] = 0.08 * sound * syllables**2
        turns.append((at - 1.0, at - 1.0 + length, "AB"[who]))
        at, who = at + length + 0.3, 1 - who
    # The master's time 0 is second 1 of the room's; a camera that starts later hears less of it.
    plan = {"A": (1.0, 1.0, 0.3, 1.0), "B": (2.25, 0.3, 1.0, 0.35), "W": (0.5, 0.5, 0.5, 0.7)}
    for name, (start, first, second, gain) in plan.items():
        heard = gain * (first * voices[0] + second * voices[1])[int(start * rate) : int((start + seconds - 2) * rate)]
        heard = heard + rng.normal(0, 1e-3, heard.size)
        _write_mp4(folder / f"{name}.mp4", heard.astype(np.float32), rate, level="ABW".index(name) * 90)
    return Footage(folder, tuple(turns), {"A": 0.0, "B": 1.25, "W": -0.5})


def _write_mp4(path, sound, rate, *, level, fps=25):
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=fps, width=64, height=36, pix_fmt="yuv420p")
        audio = out.add_stream("aac", rate=rate, layout="mono")
        picture = np.full((36, 64, 3), level, np.uint8)
        for index in range(int(sound.size / rate * fps)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for first in range(0, sound.size, 1024):
            block = av.AudioFrame.from_ndarray(sound[None, first : first + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts = rate, first
            out.mux(audio.encode(block))
        out.mux(audio.encode(None))


@pytest.fixture
def make_footage():
    return made_footage
