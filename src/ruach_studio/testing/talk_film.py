"""Turn painted frames and recorded sound into an MP4 (H.264 + AAC) or a WAV, as a camera or a recorder would leave it.

H.264 ultrafast crf 23, a key frame every 2 s, no B-frames; AAC 128 kbit/s with its priming in the edit list, so sound and
picture both start at local time 0. One encoder thread: the same talk gives the same bytes.
"""

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from ruach_studio.kernel.timebase import FrameRate

_LAYOUTS = {1: "mono", 2: "stereo"}


def write_mp4(
    path: Path,
    *,
    rate: FrameRate,
    size: tuple[int, int],
    frames: range,
    paint: Callable[[int], npt.NDArray[np.uint8]],
    sound: npt.NDArray[np.float32] | None,
    sound_rate: int,
) -> None:
    """Write `frames` (paint gives yuv420p planes) and `sound` (n, channels) to `path`; no `sound`, no audio track."""
    per_frame = Fraction(sound_rate) / rate.value
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=rate.value)
        video.width, video.height, video.pix_fmt = size[0], size[1], "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "23", "g": str(2 * rate.nominal), "threads": "1"}
        context = video.codec_context
        context.time_base = 1 / rate.value
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # limited
        audio = None
        if sound is not None:
            audio = container.add_stream("aac", rate=sound_rate, layout=_LAYOUTS[sound.shape[1]])
            audio.bit_rate = 128_000
        done = 0
        for place, number in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(paint(number), format="yuv420p")
            frame.pts, frame.time_base = place, 1 / rate.value
            container.mux(video.encode(frame))
            if audio is not None and sound is not None:
                until = min(len(sound), int((place + 1) * per_frame)) if place + 1 < len(frames) else len(sound)
                container.mux(audio.encode(_sound_frame(sound, done, until, sound_rate)))
                done = until
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))


def write_wav(path: Path, sound: npt.NDArray[np.float32], rate: int) -> None:
    """Write samples (n, channels), full scale 1.0, as 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def _sound_frame(sound: npt.NDArray[np.float32], start: int, end: int, rate: int) -> av.AudioFrame:
    block = np.ascontiguousarray(sound[start:end].T)
    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=_LAYOUTS[sound.shape[1]])
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame
