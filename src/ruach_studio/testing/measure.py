"""Turn a finished media file into what is really in it: camera and frame on screen, place of the sound, loudness.

Nothing here asks the product: pictures are decoded and their strips read, sound is correlated with the clean scene,
loudness comes from FFmpeg's ebur128 over the file.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soxr

from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.testing.strip import StripUnreadable, read_strip

RATE = 48_000
_BAND_HZ = (150.0, 6000.0)
_REACH_S = 0.08


@dataclass(frozen=True, slots=True)
class Seen:
    """One decoded picture: when the file shows it, and its strip; camera "" and frame -1 if there is none to read."""

    time_s: float
    camera: str
    frame: int


@dataclass(frozen=True, slots=True)
class Heard:
    """One window of the file's sound: at file time `time_s` lies scene time `scene_s`; `clarity` is peak over noise."""

    time_s: float
    scene_s: float
    clarity: float


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness in LUFS and true peak in dBTP, of the encoded file."""

    lufs: float
    peak_dbtp: float


def seen_in(path: Path) -> tuple[Seen, ...]:
    """Return every picture of a video file, in order of presentation."""
    seen = []
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for picture in container.decode(video=0):
            plane = picture.planes[0]
            luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            try:
                camera, frame = read_strip(luma)
            except StripUnreadable:
                camera, frame = "", -1
            seen.append(Seen(float(picture.time or 0.0), camera, frame))
    return tuple(seen)


def heard_in(
    path: Path, scene: npt.NDArray[np.float32], *, window_s: float = 1.5, hop_s: float = 1.0, about_s: float = 0.0
) -> tuple[Heard, ...]:
    """Return where windows of a file's sound lie in `scene` (mono, 48 kHz), which begins at file time -`about_s` or so.

    Searches 80 ms each way by phase correlation in 150..6000 Hz. Windows without speech are left out.
    """
    sound = sound_of(path)
    count, reach = round(window_s * RATE), round(_REACH_S * RATE)
    found = []
    for start in range(0, len(sound) - count, round(hop_s * RATE)):
        low = start + round(about_s * RATE) - reach
        part = scene[max(0, low) : low + count + 2 * reach]
        loud = float(np.sqrt(np.mean(part**2))) if len(part) == count + 2 * reach and low >= 0 else 0.0
        if loud < 0.01:
            continue
        lag, clarity = _lag(sound[start : start + count], part)
        middle = start + count / 2
        found.append(Heard(middle / RATE, (low + lag + count / 2) / RATE, clarity))
    return tuple(found)


def sound_of(path: Path) -> npt.NDArray[np.float32]:
    """Return a file's sound as mono at 48 kHz; sample 0 is presentation time 0 of the file."""
    blocks: list[npt.NDArray[np.float32]] = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        start = 0.0
        for frame in container.decode(stream):
            if not blocks:
                start = frame.time or 0.0
            block = frame.to_ndarray()
            blocks.append((block.mean(axis=0) if block.shape[0] > 1 else block[0]).astype(np.float32))
        rate = stream.rate or RATE
    sound = soxr.resample(np.concatenate(blocks), rate, RATE) if rate != RATE else np.concatenate(blocks)
    lead = round(start * RATE)
    return np.concatenate([np.zeros(lead, np.float32), sound]) if lead >= 0 else sound[-lead:]


def loudness_of(path: Path) -> Loudness:
    """Measure a file with FFmpeg's ebur128. Raises ValueError if FFmpeg gives no summary."""
    arguments = ["-nostdin", "-hide_banner", "-i", str(path), "-map", "0:a:0", "-af", "ebur128=peak=true", "-f", "null", "-"]
    report = subprocess.run([str(find_ffmpeg()), *arguments], capture_output=True, text=True, check=False).stderr
    summary = report.rpartition("Summary:")[2]
    lufs, peak = re.search(r"I:\s+(-?[\d.]+) LUFS", summary), re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    if lufs is None or peak is None:
        raise ValueError(f"{path}: no loudness summary; FFmpeg said: {report[-400:]}")
    return Loudness(float(lufs.group(1)), float(peak.group(1)))


def _lag(query: npt.NDArray[np.float32], part: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return where `query` begins in the longer `part`, in samples to a fraction, and how clear that is."""
    size = 1 << (len(part) + len(query)).bit_length()
    cross = np.fft.rfft(part, size) * np.conj(np.fft.rfft(query, size))
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    band = (frequency >= _BAND_HZ[0]) & (frequency <= _BAND_HZ[1])
    cross = np.where(band, cross / np.maximum(np.abs(cross) ** 0.7, 1e-12), 0)
    match = np.fft.irfft(cross, size)[: len(part) - len(query) + 1]
    top = int(np.argmax(match))
    clarity = float(match[top] / (np.sqrt(np.mean(match**2)) + 1e-12))
    if 0 < top < len(match) - 1:
        left, middle, right = match[top - 1 : top + 2]
        return top + 0.5 * float((left - right) / (left - 2 * middle + right)), clarity
    return float(top), clarity
