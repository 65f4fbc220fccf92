"""Turn a seed into speech-like sound as several microphones in one room record it, with the truth known."""

from dataclasses import dataclass
from functools import cache, lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
import soxr
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, oaconvolve, sosfilt

from ruach_studio.assembly.digest import AudioDigest, DigestBuilder

RATE = 16000
LEAD_S = 40.0  # the room is heard from master time -40 s on, so that cameras may start before the master


@cache
def room_sound(seconds: float, seed: int) -> np.ndarray:
    """Return a talker: coloured noise in syllables of 80 to 300 ms with pauses, from -LEAD_S to `seconds` + LEAD_S."""
    rng = np.random.default_rng(seed)
    count = round((seconds + 2 * LEAD_S) * RATE)
    carrier = rng.standard_normal(count, dtype=np.float32)
    voices = [
        sosfilt(butter(2, band, "band", fs=RATE, output="sos"), carrier) for band in ((150, 900), (700, 2500), (2000, 6000))
    ]
    sound = np.zeros(count, np.float32)
    for voice in voices:
        envelope = np.zeros(count, np.float32)
        position = 0
        while position < count:
            length = int(rng.uniform(0.08, 0.3) * RATE)
            envelope[position : position + length] = rng.uniform(0.0, 1.0) ** 2
            position += length + int(rng.choice([0.0, 0.05, 0.5], p=[0.6, 0.35, 0.05]) * RATE)
        envelope = uniform_filter1d(uniform_filter1d(envelope, 400), 400)  # rise and fall in 50 ms
        sound += voice.astype(np.float32) * envelope
    return sound * np.float32(0.1)


@dataclass(frozen=True)
class Mic:
    """One camera's microphone; `delay_s` is the path from the talker."""

    offset_s: float = 0.0
    drift_ppm: float = 0.0
    gain: float = 1.0
    noise: float = 1e-3
    reverb_s: float = 0.3
    delay_s: float = 0.0
    seed: int = 1


def record(sound: np.ndarray, seconds: float, mic: Mic) -> np.ndarray:
    """Return `seconds` at RATE of what the microphone wrote: local sample k is master time offset + k/RATE (1 + drift)."""
    rng = np.random.default_rng(mic.seed)
    tail = rng.standard_normal(round(mic.reverb_s * RATE)) * 10 ** (-3 * np.linspace(0, 1, round(mic.reverb_s * RATE)))
    echo = np.concatenate(([1.0], np.zeros(30), 0.05 * tail)).astype(np.float32)
    start = (LEAD_S + mic.offset_s - mic.delay_s) * RATE
    position = start + np.arange(round(seconds * RATE)) * (1 + mic.drift_ppm * 1e-6)
    low = int(position[0]) - 2000
    part = oaconvolve(sound[low : int(position[-1]) + 2000], echo)
    finer = soxr.resample(part.astype(np.float32), RATE, 4 * RATE)
    heard = np.interp((position - low) * 4, np.arange(len(finer)), finer)
    return (heard * mic.gain + rng.standard_normal(len(position)) * mic.noise).astype(np.float32)


def digest(samples: np.ndarray, rate: int = RATE) -> AudioDigest:
    """Digest mono samples."""
    builder = DigestBuilder(rate, 1)
    chunks = [builder.feed(samples[i : i + rate, None]) for i in range(0, len(samples), rate)]
    chunks.append(builder.finish())
    pcm, power = (np.concatenate([getattr(c, name) for c in chunks]) for name in ("pcm8k", "power10ms"))
    return AudioDigest(rate, 1, builder.position / rate, pcm, power)


@lru_cache(maxsize=64)
def _heard(minutes_seed: tuple[float, int], seconds: float, mic: Mic) -> AudioDigest:
    return digest(record(room_sound(*minutes_seed), seconds, mic))


@pytest.fixture(scope="session")
def room() -> SimpleNamespace:
    """The makers. A sound is (seconds, seed); `room.hear(sound, seconds, **mic)` digests what a microphone wrote."""

    def hear(sound: tuple[float, int], seconds: float, **mic: float) -> AudioDigest:
        return _heard(sound, seconds, Mic(**mic))

    def write(sound: tuple[float, int], seconds: float, **mic: float) -> np.ndarray:
        return record(room_sound(*sound), seconds, Mic(**mic))

    return SimpleNamespace(hear=hear, write=write, digest=digest, rate=RATE)
