"""Turn a recording into segments on its own clock: block by block, so that memory stays flat however long it is.

A block lasts about five minutes and ends in the quietest third of a second of its last half minute, so that no word is cut;
words after a pause begin where the sound does. A cancelled call ends with the segment that is being heard.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from ruach_studio.assembly.ports import Transcriber
from ruach_studio.assembly.speech_onset import with_onsets
from ruach_studio.assembly.transcript import Segment
from ruach_studio.infra.media import check_media, decode_audio
from ruach_studio.infra.threads import in_thread
from ruach_studio.kernel.errors import Cancelled

RATE = 16_000
BLOCK_S = 300.0
SEARCHED_S = 30.0
QUIET_S = 0.3
_STEP_S = 0.02

Samples = npt.NDArray[np.float32]
Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Speech:
    """What was heard in one file, on its own clock, and in which language."""

    segments: tuple[Segment, ...]
    language: str | None


async def hear_speech(transcriber: Transcriber, path: str, language: str | None, tell: Told) -> Speech:
    """Return what is said in the file; `tell(seconds)` hears how far it is. Raises BadMedia, UndecodableSound, Cancelled."""
    return await in_thread(lambda stop: _hear(transcriber, path, language, tell, stop))


def _hear(transcriber: Transcriber, path: str, language: str | None, tell: Told, stop: threading.Event) -> Speech:
    segments: list[Segment] = []
    for start_s, samples in blocks(path, stop):
        block: list[Segment] = []
        for each in transcriber.hear(samples, language):
            if stop.is_set():
                raise Cancelled("transcribing was cancelled", subject=path)
            if isinstance(each, str):
                language = language or each
                continue
            block.append(each)
            tell(start_s + each.end_ms / 1000.0)
        segments += [_later(each, start_s * 1000.0) for each in with_onsets(block, samples, RATE)]
        tell(start_s + samples.size / RATE)
    return Speech(tuple(segments), language)


def blocks(path: str, stop: threading.Event) -> Iterator[tuple[float, Samples]]:
    """Yield (local start in s, mono sound at 16 kHz); gaps are silence."""
    held: list[Samples] = []
    size, begun = 0, 0
    for piece in _mono(path, stop):
        held.append(piece)
        size += piece.size
        while size >= BLOCK_S * RATE:
            whole = np.concatenate(held)
            cut = quietest(whole[: round(BLOCK_S * RATE)])
            yield begun / RATE, whole[:cut]
            held, size, begun = [whole[cut:]], whole.size - cut, begun + cut
    if size:
        yield begun / RATE, np.concatenate(held)


def quietest(samples: Samples) -> int:
    """Return the middle of the quietest 0.3 s of the last 30 s; the later of equals, so that blocks stay long."""
    step, width = round(_STEP_S * RATE), round(QUIET_S / _STEP_S)
    first = max(0, samples.size - round(SEARCHED_S * RATE))
    tail = samples[first : first + (samples.size - first) // step * step].reshape(-1, step)
    power = np.square(tail, dtype=np.float64).sum(axis=1)
    sums = np.convolve(power, np.ones(width), mode="valid")
    at = sums.size - 1 - int(np.argmin(sums[::-1]))
    return first + (at * step + round(QUIET_S * RATE / 2))


def _mono(path: str, stop: threading.Event) -> Iterator[Samples]:
    info = check_media(path, need_audio=True, need_video=False)
    resampler: Any = None
    at = 0  # samples of the file's rate that were fed
    for block in decode_audio(path, info):
        if stop.is_set():
            raise Cancelled("transcribing was cancelled", subject=path)
        if resampler is None:
            resampler = soxr.ResampleStream(block.rate, RATE, 1, dtype="float32")
        missing = round(block.start_s * block.rate) - at
        while missing > 0:
            gap = min(missing, 10 * block.rate)
            yield resampler.resample_chunk(np.zeros(gap, np.float32))
            missing, at = missing - gap, at + gap
        at += len(block.samples)
        yield resampler.resample_chunk(block.samples.mean(axis=1, dtype=np.float32))
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _later(each: Segment, by_ms: float) -> Segment:
    words = tuple(replace(w, start_ms=round(w.start_ms + by_ms, 3), end_ms=round(w.end_ms + by_ms, 3)) for w in each.words)
    return replace(each, start_ms=round(each.start_ms + by_ms, 3), end_ms=round(each.end_ms + by_ms, 3), words=words)
