"""Turn a folder into one specimen of each kind of bad input, for the tests of every door that takes a file."""

import wave
import zipfile
from pathlib import Path

import numpy as np

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing import strip, talk_film

_RATE = FrameRate.parse(30)
_SOUND_RATE = 48_000


def bad_inputs(folder: Path) -> dict[str, Path]:
    """Make the specimens in `folder` and return them by name.

    missing, directory, empty (0 bytes), text (words in an .mp4), html and zip (the same), truncated
    (an MP4 that ends before its index),
    no_audio (picture only), no_picture (sound only, in a WAV), unrelated (20 s of something else: noise
    bursts).
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "missing": folder / "missing.mp4", "directory": folder / "directory.mp4", "empty": folder / "empty.mp4",
        "text": folder / "text.mp4", "html": folder / "html.mp4",
        "zip": folder / "zip.mp4", "truncated": folder / "truncated.mp4", "no_audio": folder / "no_audio.mp4",
        "no_picture": folder / "no_picture.wav", "unrelated": folder / "unrelated.mp4",
    }  # fmt: skip
    made["directory"].mkdir(exist_ok=True)
    made["empty"].write_bytes(b"")
    made["text"].write_text("Dear editor, the camera card is in the drawer.\n" * 200, encoding="utf-8")
    made["html"].write_text("<!doctype html><title>404</title><p>Please sign in to download.</p>" * 20, encoding="utf-8")
    with zipfile.ZipFile(made["zip"], "w") as archive:
        archive.writestr("card/CLIP0001.MP4", b"\0" * 5000)
    _film(made["unrelated"], sound=_bursts(20.0))
    _film(made["no_audio"], sound=None, seconds=4.0)
    whole = made["unrelated"].read_bytes()
    made["truncated"].write_bytes(whole[: len(whole) // 2])  # the index (moov) is written last
    with wave.open(str(made["no_picture"]), "wb") as file:
        file.setparams((1, 2, _SOUND_RATE, 0, "NONE", ""))
        file.writeframes((_bursts(4.0)[:, 0] * 32767).astype("<i2").tobytes())
    return made


def _bursts(seconds: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return noise that swells and dies in a rhythm of its own, (n, 1)."""
    rng = np.random.default_rng(991)
    count = round(seconds * _SOUND_RATE)
    steps = rng.uniform(0.0, 1.0, count // (_SOUND_RATE // 5) + 1).repeat(_SOUND_RATE // 5)[:count] ** 3
    sound = rng.standard_normal(count) * steps * 0.1
    return np.clip(sound, -1, 1).astype(np.float32).reshape(count, 1)


def _film(path: Path, *, sound: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None, seconds: float = 20.0) -> None:
    width, height = 320, 180
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = 90

    def paint(frame: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
        for cell, bit in zip(strip.cells(width, height), strip.bits("U", frame), strict=True):
            picture[cell.y0 : cell.y1, cell.x0 : cell.x1] = strip.WHITE if bit else strip.BLACK
        return picture

    frames = range(_RATE.frame_at(seconds))
    talk_film.write_mp4(
        path, rate=_RATE, size=(width, height), frames=frames, paint=paint, sound=sound, sound_rate=_SOUND_RATE
    )
