"""Turn a seed into damaged media files: each specimen is a small good file after one kind of damage, the same every time.

Kinds: truncated, bits flipped, header overwritten, nothing in it, another kind of file under a media name, a length that
lies, a hundred channels, no sound, samples that are no number, noise from the first byte. A specimen may be unusable or
merely odd; what a door must do is answer in time with the file's name, the fact and the remedy, or use it.
"""

import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ruach_studio.infra.media import find_ffmpeg

Damage = Callable[[np.random.Generator, Path, Path], None]
CONTAINERS = ("mp4", "mkv", "mov", "wav", "m4a", "flac", "mp3", "ts", "avi", "ogg")
_PICTURE = ("mp4", "mkv", "mov", "ts", "avi")
_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Specimen:
    """One damaged file and what was done to it."""

    number: int
    kind: str
    path: Path


def specimens(folder: Path, count: int = 100, seed: int = 4) -> list[Specimen]:
    """Make `count` specimens in `folder`, every kind in turn."""
    good = _good_files(folder / "good")
    made, kinds = [], tuple(_DAMAGES)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        rng = np.random.default_rng((seed, number))
        source = good[CONTAINERS[(number // len(kinds) + number) % len(CONTAINERS)]]
        path = folder / f"{number:03d}-{kind.replace(' ', '-')}{source.suffix}"
        _DAMAGES[kind](rng, source, path)
        made.append(Specimen(number, kind, path))
    return made


def _good_files(folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    sound = ["-f", "lavfi", "-i", f"anoisesrc=d={_SECONDS}:r=48000:seed=7:a=0.1"]
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=64x48:r=25:d={_SECONDS}", "-pix_fmt", "yuv420p", "-g", "12"]
    made = {}
    for name in CONTAINERS:
        made[name] = folder / f"good.{name}"
        shown = picture if name in _PICTURE else []
        command = [str(find_ffmpeg()), "-y", "-v", "error", *sound, *shown, "-fflags", "+bitexact", str(made[name])]
        subprocess.run(command, check=True)
    return made


def _truncated(rng: np.random.Generator, source: Path, path: Path) -> None:
    data = source.read_bytes()
    path.write_bytes(data[: int(rng.integers(1, len(data)))])


def _flipped(rng: np.random.Generator, source: Path, path: Path) -> None:
    data = np.frombuffer(source.read_bytes(), np.uint8).copy()
    places = rng.integers(0, len(data), max(1, round(len(data) * 10 ** rng.uniform(-4, -1.5))))
    data[places] ^= np.left_shift(1, rng.integers(0, 8, len(places))).astype(np.uint8)
    path.write_bytes(data.tobytes())


def _header(rng: np.random.Generator, source: Path, path: Path) -> None:
    data = bytearray(source.read_bytes())
    start, length = int(rng.integers(0, 64)), int(rng.integers(1, 64))
    data[start : start + length] = rng.integers(0, 256, length, np.uint8).tobytes()
    path.write_bytes(bytes(data))


def _nothing(_rng: np.random.Generator, _source: Path, path: Path) -> None:
    path.write_bytes(b"")


def _other_kind(rng: np.random.Generator, _source: Path, path: Path) -> None:
    texts = (
        b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"ffconcat version 1.0\nfile x\n",
    )
    path.write_bytes(texts[int(rng.integers(len(texts)))] * 50)


def _lying_length(rng: np.random.Generator, source: Path, path: Path) -> None:
    """Overwrite the lengths that containers declare: of the whole (mvhd, data) and of boxes and chunks."""
    data = bytearray(source.read_bytes())
    for mark, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20), (b"data", 4), (b"RIFF", 4), (b"avih", 20)):
        at = data.find(mark)
        if at >= 0 and at + offset + 8 < len(data):
            length = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)[int(rng.integers(4))]
            data[at + offset : at + offset + 4] = struct.pack("<I" if mark in (b"data", b"RIFF", b"avih") else ">I", length)
    path.write_bytes(bytes(data))


def _many_channels(rng: np.random.Generator, _source: Path, path: Path) -> None:
    """A WAV with a hundred to sixty thousand channels, named as whatever it is named as."""
    channels = int(rng.choice([100, 255, 1000, 65535]))
    body = rng.integers(0, 256, max(channels * 2, 20_000), np.uint8).tobytes()
    form = struct.pack("<HHIIHH", 1, channels, 48000, 48000 * channels * 2 & 0xFFFFFFFF, channels * 2 & 0xFFFF, 16)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)


def _no_sound(_rng: np.random.Generator, source: Path, path: Path) -> None:
    if source.suffix[1:] not in _PICTURE:
        shutil.copyfile(source, path)
        return
    subprocess.run([str(find_ffmpeg()), "-y", "-v", "error", "-i", str(source), "-an", "-c", "copy", str(path)], check=True)


def _no_numbers(rng: np.random.Generator, _source: Path, path: Path) -> None:
    """A float WAV in which some samples are NaN, infinite or far beyond full scale."""
    sound = rng.normal(0, 0.1, 48000 * _SECONDS).astype("<f4")
    for wrong in (np.nan, np.inf, -np.inf, 1e30):
        sound[rng.integers(0, len(sound), 50)] = wrong
    form = struct.pack("<HHIIHH", 3, 1, 48000, 48000 * 4, 4, 32)
    body = sound.tobytes()
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)


def _noise(rng: np.random.Generator, _source: Path, path: Path) -> None:
    path.write_bytes(rng.integers(0, 256, int(rng.integers(1, 200_000)), np.uint8).tobytes())


_DAMAGES: dict[str, Damage] = {
    "truncated": _truncated, "bits flipped": _flipped, "header": _header, "nothing": _nothing, "other kind": _other_kind,
    "lying length": _lying_length, "many channels": _many_channels, "no sound": _no_sound, "no numbers": _no_numbers,
    "noise": _noise,
}  # fmt: skip
