"""Turn a media file into blocks of sound on the clip's local time, streaming: memory does not grow with the length.

The decoder's own time stamps rule. Encoder delay is already skipped by the container's edit list (measured: 0 samples
off for AAC in MP4 and MKV, for Opus and MP3); late sound and gaps show as a block that starts after the previous one's end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame

from ruach_studio.infra.media.probe import AudioInfo, MediaInfo, probe
from ruach_studio.infra.media.sound_frames import STAMP_TOLERANCE_S, sound_frames
from ruach_studio.kernel.errors import MediaFailure

BLOCK_S = 1.0

LOUDEST = 16.0  # 24 dB above full scale: more is damage, and one such sample would drown an hour

_LONGEST_FRAME = 2048  # samples of one HE-AAC frame

_DAMAGED = "Open it in a player to see whether it has sound; copy it again from the card if it has"

Samples = npt.NDArray[np.float32]
# Full scale and centre of FFmpeg's packed sample formats, and what NumPy calls one sample.
_FULL_SCALE = {
    "u8": (128.0, 128.0, np.uint8),
    "s16": (32768.0, 0.0, np.int16),
    "s32": (2147483648.0, 0.0, np.int32),
    "s64": (9223372036854775808.0, 0.0, np.int64),
    "flt": (1.0, 0.0, np.float32),
    "dbl": (1.0, 0.0, np.float64),
}


@dataclass(frozen=True, slots=True)
class PcmBlock:
    """`samples` float32 (n, channels), full scale 1.0; `start_s` is the local time of the first one."""

    samples: Samples
    rate: int
    start_s: float


class UndecodableSound(MediaFailure):
    """The sound track cannot be decoded."""

    code = "undecodable_sound"


def decode_audio(path: Path | str, info: MediaInfo | None = None, *, block_s: float = BLOCK_S) -> Iterator[PcmBlock]:
    """Yield the first sound track in blocks of `block_s` at its own rate, every channel, never mixed down.

    A block is shorter only before a gap and at the end. Blocks never overlap; sound before local 0 is cut. `info` saves a
    second probe. Raises UndecodableSound.
    """
    info = info or probe(path)
    if info.audio is None:
        raise UndecodableSound("there is no sound track", subject=str(path), remedy="Record or export it with sound")
    rate, channels = info.audio.rate, info.audio.channels
    clock, held, block = _Clock(rate, info), _Held(), round(block_s * rate)
    for frame in _frames(path, info.audio, block):
        if frame.sample_rate != rate or frame.layout.nb_channels != channels:
            raise UndecodableSound(
                f"the sound changes from {rate} Hz, {channels} channels to {frame.sample_rate} Hz, "
                f"{frame.layout.nb_channels} channels within the file",
                subject=str(path),
                remedy="Convert it to one format first",
            )
        start, skip = clock.place(frame)
        if skip == frame.samples:
            continue
        if held.count and start != held.start + held.count:
            yield held.take(rate, held.count)
        held.add(frame, start, skip)
        while held.count >= block + _LONGEST_FRAME:  # the end may be padding
            yield held.take(rate, block)
    held.count = _padding_start(info, held.start, held.count)
    while held.count:
        yield held.take(rate, min(block, held.count))


class _Held:
    """The sound that is not yet given away. Frames of codecs wait in FFmpeg's own queue and become one array a block: a

    frame of AAC lasts 21 ms, and what NumPy takes per array would be half of all the work (measured).
    """

    def __init__(self) -> None:
        self.start, self.count = 0, 0
        self._parts: list[Samples] = []
        self._queue: AudioFifo | None = None

    def add(self, frame: AudioFrame, start: int, skip: int) -> None:
        """Append the frame without its first `skip` samples; `start` is where the first one kept belongs."""
        if not self.count:
            self.start = start
        self.count += frame.samples - skip
        if skip or frame.samples > _LONGEST_FRAME:
            self._empty_queue()
            self._parts.append(_as_float(frame)[skip:])
            return
        if self._queue is None:
            self._queue = AudioFifo()
        frame.pts = None  # placed already; the queue would refuse a stamp that jitters
        self._queue.write(frame)

    def take(self, rate: int, count: int) -> PcmBlock:
        """Return the first `count` samples that are held."""
        self._empty_queue()
        if len(self._parts[0]) != count:  # as a rule a part is a block: planes as the codec gave them, no copy
            whole = np.concatenate([part.T for part in self._parts], axis=1).T
            self._parts = [whole[:count], whole[count:].copy("K")][: 1 + (len(whole) > count)]
        block = PcmBlock(self._parts.pop(0), rate, self.start / rate)
        self.start, self.count = self.start + count, self.count - count
        return block

    def _empty_queue(self) -> None:
        frame = None if self._queue is None else self._queue.read(0, True)
        self._queue = None  # the next frame may have another sample format
        if frame is not None:
            self._parts.append(_as_float(frame))


def _padding_start(info: MediaInfo, start: int, count: int) -> int:
    """Return how many of the last block's `count` samples are sound: encoders fill up their last frame with silence.

    FFmpeg's program cuts that by the track's declared length, PyAV does not (measured: 640 samples). A length that is wrong
    by more than one frame (fragmented files, estimates) is not believed.
    """
    audio = info.audio
    if audio is None or audio.duration_s is None:
        return count
    declared = round((audio.start_s + audio.duration_s - info.local_zero_s) * audio.rate) - start
    return max(0, declared) if 0 < count - declared <= _LONGEST_FRAME else count


class _Clock:
    """Say at which sample of local time each frame belongs: counted by samples, corrected when the stamps leave the count.

    A stamp that jumps back by more than a second, or past the end of the file, is a broken stamp: counting goes on.
    """

    def __init__(self, rate: int, info: MediaInfo) -> None:
        self._rate, self._zero_s = rate, info.local_zero_s
        self._last = round((info.container_start_s + info.duration_s - self._zero_s + BLOCK_S) * rate)
        self._tick_s: float | None = None  # the stamps' unit, read once: as a fraction it is costly
        self._next: int | None = None
        self._counts = False  # stamps count samples
        self._due: int | None = None  # then: the one that says "right after the frame before"

    def place(self, frame: AudioFrame) -> tuple[int, int]:
        """Return (first sample kept, samples to skip at the frame's start)."""
        if self._due is not None and frame.pts == self._due and self._next is not None:
            start, count = self._next, frame.samples
            self._due += count
            self._next += count
            return start, 0
        start, skip = self._place(frame)
        # A stamp that follows one whose frame was kept whole changes nothing: most frames need no arithmetic.
        self._due = frame.pts + frame.samples if frame.pts is not None and self._counts and not skip else None
        return start, skip

    def _place(self, frame: AudioFrame) -> tuple[int, int]:
        stamped = None
        if frame.pts is not None:
            if self._tick_s is None:
                self._tick_s = float(frame.time_base or 0)
                self._counts = frame.time_base == Fraction(1, self._rate)
            stamped = round((frame.pts * self._tick_s - self._zero_s) * self._rate)
        if self._next is None:
            start = self._next = stamped if stamped is not None and stamped <= self._last else 0
        else:
            start = self._next
            if stamped is not None and self._is_step(stamped - start) and stamped <= self._last:
                start = stamped
        skip = min(max(self._next - start, -start, 0), frame.samples)  # an overlap, or sound before local 0
        self._next = max(self._next, start + frame.samples)
        return start + skip, skip

    def _is_step(self, samples: int) -> bool:
        return samples > STAMP_TOLERANCE_S * self._rate or -self._rate < samples < -STAMP_TOLERANCE_S * self._rate


def _frames(path: Path | str, audio: AudioInfo, block: int) -> Iterator[AudioFrame]:
    """Decode; a damaged packet in the middle leaves a gap (the stamps show it), a file that gives no sound at all fails."""
    decoded = 0
    try:
        for frame in sound_frames(path, audio, block):
            decoded += 1
            yield frame
    except (av.FFmpegError, OSError) as error:
        raise UndecodableSound(f"decoding stopped: {error.strerror}", subject=str(path), remedy=_DAMAGED) from error
    if not decoded:
        raise UndecodableSound(subject=str(path), remedy=_DAMAGED)


def _sane(sound: Samples) -> bool:
    """Say whether every sample is a number within reach; a comparison with NaN is false."""
    return not sound.size or bool(sound.min() >= -LOUDEST and sound.max() <= LOUDEST)


def _as_float(frame: AudioFrame) -> Samples:
    """Return (n, channels) float32 with full scale 1.0, whatever the codec gives; what is no number becomes silence."""
    full_scale, centre, kind = _FULL_SCALE[frame.format.packed.name]
    channels = frame.layout.nb_channels
    shaped: npt.NDArray[Any]
    if frame.format.is_planar or full_scale == 1.0:
        raw = frame.to_ndarray()
        shaped = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
    else:  # looked at where FFmpeg has it: what follows makes new numbers of it
        plane: Any = frame.planes[0]  # a buffer; its stub does not say so
        shaped = np.frombuffer(plane, kind, frame.samples * channels).reshape(-1, channels)
    if full_scale == 1.0:
        sound = shaped.astype(np.float32, copy=False)
        return sound if _sane(sound) else np.clip(np.nan_to_num(sound, nan=0.0), -LOUDEST, LOUDEST)
    if centre:
        shaped = shaped.astype(np.float32) - np.float32(centre)
    scaled: Samples = np.multiply(shaped, np.float32(1.0 / full_scale), dtype=np.float32)
    return scaled  # a power of two: exact, in one pass
