"""Turn a seed into cameras of one room as AAC files, with the truth of offset and drift known."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, oaconvolve, sosfilt

from ruach_studio.infra.media import find_ffmpeg

RATE = 16000
BANDS_HZ = ((150, 900), (700, 2500), (2000, 6000))
Sound = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Truth:
    """`master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`."""

    offset_s: float
    drift_ppm: float
    gain: float
    noise: float
    reverb_s: float


CAMERAS = {
    "A": Truth(0.0, 0.0, 1.0, 0.001, 0.3),
    "B": Truth(58.9, 50.0, 0.3, 0.003, 0.6),
    "C": Truth(20.0123, -30.0, 0.6, 0.002, 0.4),
}


def talker(seconds: float, seed: int) -> Sound:
    """Return noise in three bands, each in syllables of 80 to 300 ms with pauses: the rhythm and the spectrum of speech."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    carrier = rng.standard_normal(count, dtype=np.float32)
    sound = np.zeros(count, np.float32)
    for band in BANDS_HZ:
        level = np.zeros(count, np.float32)
        position = 0
        while position < count:
            length = int(rng.uniform(0.08, 0.3) * RATE)
            level[position : position + length] = rng.uniform(0.0, 1.0) ** 2
            position += length + int(rng.choice([0.0, 0.05, 0.5], p=[0.6, 0.35, 0.05]) * RATE)
        voice = sosfilt(butter(2, band, "band", fs=RATE, output="sos"), carrier).astype(np.float32)
        sound += voice * uniform_filter1d(uniform_filter1d(level, 400), 400)
    return sound * np.float32(0.1)


def make_cameras(folder: Path, minutes: float) -> dict[str, Path]:
    """Write A, B and C of `minutes` (B and C end with the talk): 48 kHz stereo AAC."""
    sound = talker(minutes * 60, 1)
    files = {}
    for number, (name, truth) in enumerate(CAMERAS.items()):
        rng = np.random.default_rng(100 + number)
        tail = rng.standard_normal(round(truth.reverb_s * RATE)) * 10 ** (
            -3 * np.linspace(0, 1, round(truth.reverb_s * RATE))
        )
        echo = np.concatenate(([1.0], np.zeros(30), 0.05 * tail)).astype(np.float32)
        heard = oaconvolve(sound, echo)[round(truth.offset_s * RATE) : len(sound)].astype(np.float32)
        heard = soxr.resample(heard, RATE, RATE / (1 + truth.drift_ppm * 1e-6))
        heard = heard * truth.gain + rng.standard_normal(len(heard), dtype=np.float32) * truth.noise
        files[name] = encode(folder / f"{name}.m4a", heard.astype(np.float32))
    return files


def encode(path: Path, mono: Sound) -> Path:
    """Write the sound as a camera does."""
    source = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    command = [
        str(find_ffmpeg()),
        "-v",
        "error",
        *source,
        "-ar",
        "48000",
        "-ac",
        "2",
        "-c:a",
        "aac",
        "-b:a",
        "192k",
        str(path),
    ]
    subprocess.run(command, input=mono.tobytes(), check=True)
    return path


def make_long(folder: Path, minutes: int) -> list[Path]:
    """Write a pair of `minutes` for the memory proof, ten minutes of talk at a time."""
    raw = folder / f"{minutes}.f32"
    with raw.open("wb") as file:
        for start in range(0, minutes, 10):
            file.write(talker(min(10, minutes - start) * 60, 10 + start).tobytes())
    paths = []
    for name, skip in (("long-A", "0"), ("long-B", "58.9")):
        path = folder / f"{name}-{minutes}.m4a"
        source = ["-ss", skip, "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", str(raw)]
        command = [
            str(find_ffmpeg()),
            "-v",
            "error",
            *source,
            "-ar",
            "48000",
            "-ac",
            "2",
            "-c:a",
            "aac",
            "-b:a",
            "128k",
            str(path),
        ]
        subprocess.run(command, check=True)
        paths.append(path)
    raw.unlink()
    return paths
