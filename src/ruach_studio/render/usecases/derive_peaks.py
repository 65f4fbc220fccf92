"""Turn a file's sound into a file of peaks, streaming: memory stays flat however long the recording is."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ruach_studio.infra.media import MediaInfo, decode_audio
from ruach_studio.infra.threads import in_thread
from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.render.waveform import STEP, Peaks, PeaksBuilder, coarser, header

_PIXELS_AT_ONCE = STEP * 65536


async def write_peaks(info: MediaInfo, path: Path, tell: Callable[[float, float | None], None]) -> dict[str, Any]:
    """Write the peaks of `info`'s sound to `path`; return rate, channels, zooms. A cancelled call stops within a second."""
    return await in_thread(lambda stop: _write(info, path, tell, stop))


def _write(
    info: MediaInfo, path: Path, tell: Callable[[float, float | None], None], stop: threading.Event
) -> dict[str, Any]:
    audio = info.audio
    if audio is None:
        raise MediaFailure("there is no sound track", subject=info.path)
    zoom_files = [path.with_suffix(".0.part")]
    samples = _finest(info, zoom_files[0], tell, stop)
    head, placed = header(audio.rate, audio.channels, samples)
    for number in range(1, len(placed)):
        zoom_files.append(path.with_suffix(f".{number}.part"))
        _coarser(zoom_files[-2], zoom_files[-1], audio.channels)
    with path.open("wb") as out:
        out.write(head)
        for file in zoom_files:
            with file.open("rb") as one:
                shutil.copyfileobj(one, out)
            file.unlink()
    zooms = [
        {"samplesPerPixel": z.samples_per_pixel, "pixels": z.pixels, "offset": z.offset, "bytes": z.size} for z in placed
    ]
    return {"rate": audio.rate, "channels": audio.channels, "samples": samples, "zooms": zooms}


def _finest(info: MediaInfo, path: Path, tell: Callable[[float, float | None], None], stop: threading.Event) -> int:
    """Write the finest zoom and return how many samples there were, gaps included."""
    audio, begun = info.audio, time.monotonic()
    builder = PeaksBuilder(audio.channels if audio else 0)
    with path.open("wb") as out:
        for block in decode_audio(info.path, info):
            if stop.is_set():
                raise Cancelled("making peaks was cancelled", subject=info.path)
            _feed_gap(builder, round(block.start_s * block.rate) - builder.position, block.rate, out)
            out.write(builder.feed(block.samples).tobytes())
            at_s = builder.position / block.rate
            part = min(at_s / info.local_duration_s, 1.0) if info.local_duration_s > 0 else 0.0
            took_s = time.monotonic() - begun
            tell(part, took_s * (1 - part) / part if part > 0.01 else None)
        out.write(builder.finish().tobytes())
    return builder.position


def _feed_gap(builder: PeaksBuilder, count: int, rate: int, out: BinaryIO) -> None:
    while count > 0:
        step = min(count, rate * 10)
        out.write(builder.feed(np.zeros((step, builder.channels), np.float32)).tobytes())
        count -= step


def _coarser(finer: Path, path: Path, channels: int) -> None:
    size = _PIXELS_AT_ONCE * channels * 2
    with finer.open("rb") as source, path.open("wb") as out:
        while block := source.read(size):
            pixels: Peaks = np.frombuffer(block, np.int8).reshape(-1, channels, 2)
            out.write(coarser(pixels).tobytes())
