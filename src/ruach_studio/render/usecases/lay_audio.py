"""Turn an audio plan into one raw programme track (48 kHz, stereo, 32-bit float), placed to the sample.

Each file is decoded as a stream, its clock stretched to the master's by a resampler (drift of a few ppm included), and added
at its place; once for all its spans where the programme has stretches left out, for those may be a thousand. Memory stays
flat: the track is a file of known size, reserved on disk before the first sample, and only what is added to is read. (A
mapped file would be as flat for the machine, but its pages count as the process's until it ends: 4 GB for three hours.)
"""

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from fractions import Fraction
from io import BufferedRandom
from pathlib import Path
from threading import Event
from typing import cast

import numpy as np
import numpy.typing as npt
import soxr

from ruach_studio.infra.media import MediaInfo, PcmBlock, decode_audio, probe
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.kernel.timebase import round_half_up
from ruach_studio.render.downmix import Matrix, downmix
from ruach_studio.render.plan import AudioPlan, AudioSpan
from ruach_studio.render.plan.audio import SAMPLE_RATE

CHANNELS = 2
BYTES_PER_SAMPLE = 4 * CHANNELS
LEAD_IN_S = 0.5  # decode this much before a span, so that the resampler is settled where it counts
_Samples = npt.NDArray[np.float32]


def lay_audio(plan: AudioPlan, path: Path, stop: Event | None = None) -> Path:
    """Write the programme's sound to `path` (raw float32, interleaved) and return it.

    Raises Cancelled when `stop` is set, OSError when the disk is full, UndecodableSound for a broken source.
    """
    part = path.with_suffix(".part")
    try:
        _reserve(part, max(plan.samples, 1) * BYTES_PER_SAMPLE)
        with part.open("r+b") as file:
            for spans in _in_one_go(plan.spans):
                _lay(spans, plan, _Track(file), stop)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _reserve(path: Path, size_bytes: int) -> None:
    """Make a file of zeros whose blocks really exist: writing into a hole of a full disk would end in SIGBUS."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size_bytes)
        else:
            for at in range(0, size_bytes, 1 << 20):
                file.write(bytes(min(1 << 20, size_bytes - at)))


def _in_one_go(spans: Sequence[AudioSpan]) -> list[list[AudioSpan]]:
    """Return the spans that share one decoding: each alone, but all of a file where stretches are left out in between."""
    groups: dict[object, list[AudioSpan]] = {}
    cut = any(span.left_out_s for span in spans)
    for number, span in enumerate(spans):
        groups.setdefault(span.clip if cut else number, []).append(span)
    return list(groups.values())


class _Track:
    """A file of samples that can be added to anywhere."""

    def __init__(self, file: BufferedRandom) -> None:
        self._file = file

    def add(self, at: int, samples: _Samples) -> None:
        """Add samples, shape (n, CHANNELS), to those from sample `at` on. Raises OSError."""
        there = np.empty(samples.shape, np.float32)
        self._file.seek(at * BYTES_PER_SAMPLE)
        self._file.readinto(there.data)
        there += samples
        self._file.seek(at * BYTES_PER_SAMPLE)
        self._file.write(there.data)


def _lay(spans: Sequence[AudioSpan], plan: AudioPlan, track: _Track, stop: Event | None) -> None:
    """Add spans of one file, in order, to the track, with their fades."""
    placed = [(span, round_half_up(span.left_out_s * SAMPLE_RATE)) for span in spans]
    for at, samples in _on_timeline(spans, plan.origin_s):
        if stop is not None and stop.is_set():
            raise Cancelled("laying the sound was cancelled", subject=spans[0].clip.path)
        placed = [(span, cut) for span, cut in placed if span.end_sample_exclusive + cut > at]
        for span, cut in placed:
            start = at - cut
            lo, hi = max(start, span.start_sample), min(start + len(samples), span.end_sample_exclusive)
            if lo < hi:
                kept = samples[lo - start : hi - start]
                within = np.arange(lo - span.start_sample, hi - span.start_sample)
                length = span.end_sample_exclusive - span.start_sample
                track.add(lo, kept * _gain(within, length, span)[:, None])


def _gain(at: npt.NDArray[np.int64], length: int, span: AudioSpan) -> npt.NDArray[np.float32]:
    """Return the equal-power gain at positions `at` of a span: sin² of a fade-in and cos² of a fade-out add up to 1."""
    gain = np.ones(len(at), np.float32)
    if span.fade_in:
        gain *= np.sin(np.pi / 2 * np.clip((at + 0.5) / span.fade_in, 0, 1)).astype(np.float32)
    if span.fade_out:
        gain *= np.sin(np.pi / 2 * np.clip((length - at - 0.5) / span.fade_out, 0, 1)).astype(np.float32)
    return gain


def _on_timeline(spans: Sequence[AudioSpan], origin_s: Fraction) -> Generator[tuple[int, _Samples]]:
    """Yield (programme sample, stereo samples) of the spans' file on the master clock, from a little before the first."""
    clip = spans[0].clip
    zero = (clip.offset_s - origin_s) * SAMPLE_RATE  # where local time 0 falls, in samples of the programme
    head, tail = spans[0], spans[-1]
    begins_s = (head.start_sample - zero) / SAMPLE_RATE + head.left_out_s
    ends_s = (tail.end_sample_exclusive - zero) / SAMPLE_RATE + tail.left_out_s
    first_s, last_s = float(begins_s / clip.stretch) - LEAD_IN_S, float(ends_s / clip.stretch) + LEAD_IN_S
    info = probe(clip.path)
    shares = downmix(info.audio.positions if info.audio is not None else ())
    with closing(_wanted(clip.path, info, first_s, last_s)) as blocks:
        stream: soxr.ResampleStream | None = None
        at = next_in = 0
        for block in blocks:
            begin = round(block.start_s * block.rate)
            stereo = _stereo(block.samples, shares)
            if stream is None:
                stream = soxr.ResampleStream(
                    block.rate, float(SAMPLE_RATE * clip.stretch), CHANNELS, dtype="float32", quality="VHQ"
                )
                at = round_half_up(zero + Fraction(begin, block.rate) * clip.stretch * SAMPLE_RATE)
            elif begin > next_in:
                stereo = np.concatenate([np.zeros((begin - next_in, CHANNELS), np.float32), stereo])
            next_in = begin + len(block.samples)
            out = stream.resample_chunk(stereo)
            yield at, out
            at += len(out)
        if stream is not None:
            yield at, stream.resample_chunk(np.zeros((0, CHANNELS), np.float32), last=True)


def _wanted(path: str, info: MediaInfo, first_s: float, last_s: float) -> Generator[PcmBlock]:
    """Yield the blocks that touch local time [first_s, last_s]; stop decoding after them."""
    with closing(cast("Generator[PcmBlock]", decode_audio(path, info))) as blocks:
        for block in blocks:
            if block.start_s > last_s:
                return
            if block.start_s + len(block.samples) / block.rate >= first_s:
                yield block


def _stereo(samples: _Samples, shares: Matrix) -> _Samples:
    """Return two channels: stereo as it is, anything else by its shares."""
    if samples.shape[1] != len(shares):  # the header names other channels than the packets hold
        shares = downmix(("NONE",) * samples.shape[1])
    if len(shares) == CHANNELS and np.array_equal(shares, np.eye(CHANNELS)):
        return np.ascontiguousarray(samples)
    return samples @ shares
