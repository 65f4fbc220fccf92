"""Make small media files with FFmpeg, whose truth is known."""

import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.infra.media import find_ffmpeg

RATE = 48000


@pytest.fixture(scope="session")
def noise() -> np.ndarray:
    """Five seconds of white noise, int16 mono: a shift by one sample is visible."""
    return np.random.default_rng(1).normal(0, 3000, RATE * 5).astype(np.int16)


@pytest.fixture
def make(tmp_path: Path, noise: np.ndarray) -> Callable[..., Path]:
    """`make("v.mp4", *args)`: run FFmpeg with `args`; `{wav}` in them is a file with the noise."""
    wav = tmp_path / "noise.wav"
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(noise.tobytes())

    def run(name: str, *args: str) -> Path:
        out = tmp_path / name
        command = [str(find_ffmpeg()), "-y", "-v", "error", *(arg.format(wav=wav) for arg in args), str(out)]
        subprocess.run(command, check=True)
        return out

    return run


@pytest.fixture
def picture() -> list[str]:
    """Arguments for five seconds of picture at 30 fps as the first input."""
    return ["-f", "lavfi", "-i", "testsrc=s=128x96:r=30:d=5"]
