"""Turn a number of seconds into a three-camera talk with known truth: footage in a folder, every answer in a `Talk`.

Camera A is close on speaker 1 and has the best sound (the master, start 0, true clock). B is close on speaker 2, 9 dB
quieter, starts 3.2 s late and its clock is 40 ppm slow. C sees both, 12 dB quieter, starts 1.5 s early, 44.1 kHz, -65 ppm.
Start offsets put the frames of B and C within 0.1 frame of A's over 90 s, so picture and sound can agree to 10 ms. The same
arguments give the same bytes.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing import strip, talk_film, talk_picture, talk_sound
from ruach_studio.testing.talk_picture import View
from ruach_studio.testing.talk_scene import load_script, place_turns
from ruach_studio.testing.talk_sound import Hearing, Microphone
from ruach_studio.testing.talk_truth import CameraTruth, ClipTruth, Talk

__all__ = ["Talk", "clean_scene", "make_talk", "read_strip"]
read_strip = strip.read_strip

Stems = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one camera is: clock, ear and eye."""

    letter: str
    role: Literal["camera", "wide"]
    speaker: str | None
    start_s: float
    phase: float  # of a frame, at its start
    after_end_s: float
    drift_ppm: float
    mic: Microphone
    view: View


_NEAR, _WIDE = Hearing(0, 14), Hearing(0, 3, 0.5)
_PLANS = (
    _Plan("A", "camera", "1", 0.0, 0.0, 0.0, 0.0,
          Microphone({"1": _NEAR, "2": Hearing(-10, 6, 1.0)}, 0.0, -66, 48_000, 2),
          View("A", "CAMERA A  Ruth", (168, 132, 96), (("1", 0.0, 1.0),))),
    _Plan("B", "camera", "2", 3.2, -0.05, 1.0, 40.0,
          Microphone({"1": Hearing(-8, 6, 1.0), "2": _NEAR}, -9.0, -64, 48_000, 2),
          View("B", "CAMERA B  Daniel", (96, 124, 152), (("2", 0.0, 1.0),))),
    _Plan("C", "wide", None, -1.5, 0.09, 2.0, -65.0, Microphone({"1": _WIDE, "2": _WIDE}, -12.0, -60, 44_100, 1),
          View("C", "CAMERA C  wide", (112, 140, 104), (("1", -0.31, 0.7), ("2", 0.31, 0.7)))),
)  # fmt: skip
_MIXER = Microphone({"1": Hearing(0, 20), "2": Hearing(0, 20)}, 0.0, -72, 48_000, 1)
_MIXER_START_S, _MIXER_PPM = -0.75, 12.0


def make_talk(
    folder: Path,
    *,
    seconds: float = 90,
    fps: str = "30/1",
    size: tuple[int, int] = (1280, 720),
    wide_size: tuple[int, int] | None = None,
    seed: int = 7,
    split_b: bool = False,
    mixer: bool = False,
    path_spread_s: float = 0.0,
) -> Talk:
    """Write A.mp4, B.mp4 (or B1.mp4 and B2.mp4), C.mp4, mix.wav if asked, and talk.json into `folder`; return the truth.

    `size` is that of A and B; the wide camera is 1.5 times as large if not told (1920x1080). `split_b` breaks camera
    B's recording into two gapless files; `mixer` adds a separate recorder; `path_spread_s` makes the way to the other
    person's microphone that much longer (2.9 ms a metre). Raises ValueError below 8 s or for sizes that H.264 cannot
    hold.
    """
    if seconds < 8:
        raise ValueError("a talk has at least 8 seconds, so that both people speak")
    folder.mkdir(parents=True, exist_ok=True)
    rate, script = FrameRate.parse(fps), load_script()
    seconds = float(rate.seconds(rate.frame_at(seconds)))
    turns = place_turns(script, seconds)
    stems = talk_sound.scene_stems(script, turns, seconds)
    wide_size = wide_size or (size[0] * 3 // 4 * 2, size[1] * 3 // 8 * 4)
    cameras = [_truth(plan, rate, seconds, wide_size if plan.role == "wide" else size, split_b) for plan in _PLANS]
    with ThreadPoolExecutor(2) as pool:  # the wide camera costs as much as the other two
        longest_first = sorted(zip(_PLANS, cameras, strict=True), key=lambda pair: pair[0].role != "wide")
        jobs = [pool.submit(_film, folder, plan, camera, rate, stems, seed, path_spread_s) for plan, camera in longest_first]
        for job in jobs:
            job.result()
    if mixer:
        cameras.append(_record_mixer(folder, stems, seconds, seed))
    talk = Talk(folder, seconds, str(rate), seed, "A", "C", tuple(cameras), turns, dict(script.names))
    (folder / "talk.json").write_text(talk.to_json(), encoding="utf-8")
    return talk


def clean_scene(talk: Talk) -> npt.NDArray[np.float32]:
    """Return both voices without room, noise or clock, mono at 48 kHz; sample 0 is master time 0."""
    stems = talk_sound.scene_stems(load_script(), talk.turns, talk.seconds)
    start, count = round(talk_sound.PRE_S * talk_sound.RATE), round(talk.seconds * talk_sound.RATE)
    scene: npt.NDArray[np.float32] = np.sum(list(stems.values()), axis=0)[start : start + count]
    return scene


def _truth(plan: _Plan, rate: FrameRate, seconds: float, size: tuple[int, int], split_b: bool) -> CameraTruth:
    offset_s = round((rate.frame_at(plan.start_s) + Fraction(plan.phase)) / rate.value * talk_sound.RATE) / talk_sound.RATE
    frames = rate.frame_at(seconds + plan.after_end_s - offset_s) if plan.letter != "A" else rate.frame_at(seconds)
    clips: tuple[ClipTruth, ...] = (ClipTruth(f"{plan.letter}.mp4", 0, frames),)
    if split_b and plan.letter == "B":
        first = frames * 2 // 5
        clips = (ClipTruth("B1.mp4", 0, first), ClipTruth("B2.mp4", first, frames - first))
    mic = plan.mic
    return CameraTruth(
        plan.letter, plan.role, plan.speaker, offset_s, plan.drift_ppm, mic.gain_db, mic.rate, mic.channels, *size, clips
    )


def _film(folder: Path, plan: _Plan, camera: CameraTruth, rate: FrameRate, stems: Stems, seed: int, spread_s: float) -> None:
    count = int(rate.seconds(camera.frames) * camera.sound_rate)
    sound = talk_sound.recorded(dict(stems), plan.mic, offset_s=camera.offset_s, drift_ppm=camera.drift_ppm, count=count,
                                seed=(seed, ord(plan.letter)), spread_s=spread_s)  # fmt: skip
    times_s = camera.offset_s + np.arange(camera.frames) / float(rate.value) * (1 + camera.drift_ppm * 1e-6)
    steps = [talk_picture.level_of(talk_sound.loudness_at(stems[speaker], times_s)) for speaker, _, _ in plan.view.people]
    painter = talk_picture.Painter(plan.view, rate, camera.width, camera.height)
    for clip in camera.clips:
        first, last = (int(rate.seconds(n) * camera.sound_rate) for n in (clip.first_frame, clip.first_frame + clip.frames))
        talk_film.write_mp4(
            folder / clip.name, rate=rate, size=(camera.width, camera.height),
            frames=range(clip.first_frame, clip.first_frame + clip.frames),
            paint=lambda frame: painter.paint(frame, tuple(int(step[frame]) for step in steps)),
            sound=sound[first:last], sound_rate=camera.sound_rate,
        )  # fmt: skip


def _record_mixer(folder: Path, stems: Stems, seconds: float, seed: int) -> CameraTruth:
    count = round((seconds - _MIXER_START_S + 0.5) * _MIXER.rate)
    sound = talk_sound.recorded(
        dict(stems), _MIXER, offset_s=_MIXER_START_S, drift_ppm=_MIXER_PPM, count=count, seed=(seed, 0)
    )
    talk_film.write_wav(folder / "mix.wav", sound, _MIXER.rate)
    clips = (ClipTruth("mix.wav", 0, 0),)
    return CameraTruth("mix", "audio", None, _MIXER_START_S, _MIXER_PPM, 0.0, _MIXER.rate, _MIXER.channels, 0, 0, clips)
