"""Turn the timeline into sound: a clean stem per speaker, and what each camera's microphone made of it.

A microphone hears each speaker through its own path (level, delay, a mild exponential room tail), on its own clock, with
its own gain and noise floor. Every path is 0.6 ms long (cardioid microphones round one table), so that the
clock is the one truth of sync.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import av
import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import fftconvolve

from ruach_studio.testing.talk_scene import Line, Script, Turn

RATE = 48_000
PRE_S = 4.0  # the scene begins this long before master time 0
POST_S = 4.0
DELAY_S = 0.0006
_TAIL_S, _RT60_S, _TAIL_AFTER_S = 0.25, 0.35, 0.004

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hearing:
    """One way from a speaker to a microphone; `detour` is its share of the spread in length between paths."""

    level_db: float
    direct_to_room_db: float
    detour: float = 0.0


@dataclass(frozen=True, slots=True)
class Microphone:
    """A camera's ear: a path from each speaker, noise and gain (dBFS RMS of the noise after the gain)."""

    paths: dict[str, Hearing]
    gain_db: float
    noise_dbfs: float
    rate: int
    channels: int


def scene_stems(script: Script, turns: tuple[Turn, ...], seconds: float) -> dict[str, FloatArray]:
    """Return each speaker's clean voice at 48 kHz; sample 0 is master time -PRE_S, the end is `seconds` + POST_S."""
    length = round((PRE_S + seconds + POST_S) * RATE)
    stems = {speaker: np.zeros(length, np.float32) for speaker in script.names}
    lines = {line.line_id: line for line in script.lines}
    for turn in turns:
        voice = _line_sound(lines[turn.line_id.partition(".")[0]])
        start = round((PRE_S + turn.start_s) * RATE)
        count = min(len(voice), round((turn.end_s - turn.start_s) * RATE))
        stems[turn.speaker][start : start + count] += voice[:count]
    return stems


def recorded(
    stems: dict[str, FloatArray],
    mic: Microphone,
    *,
    offset_s: float,
    drift_ppm: float,
    count: int,
    seed: tuple[int, ...],
    spread_s: float = 0.0,
) -> FloatArray:
    """Return `count` samples (count, channels) of the microphone: sample i is master time offset_s + i / rate * (1 + drift).

    `offset_s` must lie on the 48 kHz grid. Raises ValueError if the recording reaches outside the scene.
    """
    rng = np.random.default_rng(seed)
    mix = np.zeros(len(next(iter(stems.values()))), np.float32)
    for speaker in sorted(mic.paths):
        mix += fftconvolve(stems[speaker], _room(mic.paths[speaker], rng, spread_s), "full")[: len(mix)].astype(np.float32)
    start = round((PRE_S + offset_s) * RATE)
    if start < 0 or abs(start / RATE - PRE_S - offset_s) > 1e-9:
        raise ValueError(f"offset {offset_s} s is outside the scene or off the {RATE} Hz grid")
    stretch = 1 + drift_ppm * 1e-6
    heard = soxr.resample(mix[start:], float(RATE), mic.rate / stretch, quality="HQ")[:count]
    if len(heard) < count:
        raise ValueError("the recording reaches beyond the end of the scene")
    heard = heard * np.float32(10 ** (mic.gain_db / 20))
    noise = rng.standard_normal((count, mic.channels)).astype(np.float32) * np.float32(10 ** (mic.noise_dbfs / 20))
    sound: FloatArray = np.clip(heard[:, None] + noise, -1.0, 1.0).astype(np.float32)
    return sound


def loudness_at(stem: FloatArray, times_s: npt.NDArray[np.float64], window_s: float = 0.05) -> npt.NDArray[np.float64]:
    """Return the RMS of `stem` in a window centred on each master time; 0 outside the scene."""
    power = np.concatenate([[0.0], np.cumsum(stem.astype(np.float64) ** 2)])
    half = round(window_s / 2 * RATE)
    middle = np.round((times_s + PRE_S) * RATE).astype(np.int64)
    low, high = np.clip(middle - half, 0, len(stem)), np.clip(middle + half, 0, len(stem))
    rms: npt.NDArray[np.float64] = np.sqrt(np.maximum(power[high] - power[low], 0) / (2 * half))
    return rms


def _room(path: Hearing, rng: np.random.Generator, spread_s: float) -> FloatArray:
    """Return the impulse response: one direct tap, then noise that falls by 60 dB in 0.35 s, from 4 ms on."""
    direct, after = round((DELAY_S + path.detour * spread_s) * RATE), round(_TAIL_AFTER_S * RATE)
    response = np.zeros(direct + after + round(_TAIL_S * RATE))
    time_s = np.arange(len(response) - direct - after) / RATE
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / _RT60_S)
    response[direct + after :] = tail / np.sqrt(np.sum(tail**2)) * 10 ** (-path.direct_to_room_db / 20)
    response[direct] = 1.0
    return (response * 10 ** (path.level_db / 20)).astype(np.float32)


def _line_sound(line: Line) -> FloatArray:
    whole = voice_file(line.file)
    return whole[round(line.start_s * RATE) : round((line.start_s + line.dur_s) * RATE)]


@lru_cache(maxsize=4)
def voice_file(name: str) -> FloatArray:
    """Return one shipped speech file as mono samples at 48 kHz."""
    blocks: list[npt.NDArray[np.float32]] = []
    with (
        resources.as_file(resources.files("ruach_studio.testing.speech").joinpath(name)) as path,
        av.open(str(path)) as container,
    ):
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        for frame in container.decode(audio=0):
            blocks += [out.to_ndarray().reshape(-1).astype(np.float32) for out in resampler.resample(frame)]
        blocks += [out.to_ndarray().reshape(-1).astype(np.float32) for out in resampler.resample(None)]
    return np.concatenate(blocks).astype(np.float32)
