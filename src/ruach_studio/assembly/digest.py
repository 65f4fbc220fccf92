"""Turn a stream of sound into the little that sync and energy need: 8 kHz mono for matching, power per 10 ms for loudness.

Read once, keep 58 MB an hour. The power is taken per channel before any mixing (a downmix of two unequal channels loses up
to 3 dB, one of a float AAC track gains 3 dB). Gaps in the recording are silent in `pcm8k` and NaN in `power10ms`.

Counterpart: usecases/listen.py feeds it from a file; sync.py and energy.py read the result.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import soxr

PCM_RATE = 8000
BLOCKS_PER_S = 100
THIRD_OCTAVES_HZ = tuple(round(1000 * 2 ** (n / 3), 1) for n in range(-13, 14))  # centres, 50 Hz to 20 kHz
FULL_SCALE = 0.999  # a sample from here on is clipped
_SPECTRUM = 2048
_SPECTRUM_EVERY_S = 4.0  # a look at the spectrum each second would cost as much as all else,
_CLOSELY_S = 60.0  # but a short clip is looked at each second: six looks may all meet pauses
_STEP_S = 1.0  # a long gap is fed in steps of this length: flat memory

Pcm = npt.NDArray[np.int16]
Power = npt.NDArray[np.float32]
Samples = npt.NDArray[np.float32] | npt.NDArray[np.int16]
_Part = TypeVar("_Part", covariant=True)


class Stored(Protocol[_Part]):
    """What is read a part at a time: an array in memory, or a file that stays on disk. Ask for no more than minutes."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def __getitem__(self, part: slice, /) -> _Part:
        """Return the rows of a slice without a step."""


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What tells good sound from bad: the highest sample, how many of `samples` (all channels) are clipped, and the power
    in each of THIRD_OCTAVES_HZ (a window of 2048 samples each second of the first minute, then every 4 s, summed)."""

    peak: float
    clipped: int
    samples: int
    spectrum: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AudioDigest:
    """What is kept of one clip's sound; sample 0 is local time 0.

    `pcm8k`: int16 (n8k,), the channels' mean at 8 kHz. `power10ms`: float32 (n, channels), mean square per 10 ms with full
    scale 1.0; block i ends at sample round_half_up((i + 1) * rate / 100), the last one may be shorter. Both may lie on disk.
    """

    rate: int
    channels: int
    duration_s: float
    pcm8k: Stored[Pcm]
    power10ms: Stored[Power]
    facts: SoundFacts | None = None

    @property
    def sample_count(self) -> int:
        """Return the number of samples per channel at the original rate."""
        return round(self.duration_s * self.rate)


@dataclass(frozen=True, slots=True)
class DigestChunk:
    """What one feed added: append both to what came before."""

    pcm8k: Pcm
    power10ms: Power


def in_parts(stored: Stored[_Part], rows: int) -> Iterator[_Part]:
    """Yield all of it in order, at most `rows` at a time."""
    for start in range(0, len(stored), rows):
        yield stored[start : start + rows]


def block_ends(first: int, last: int, rate: int) -> npt.NDArray[np.int64]:
    """Return the exclusive end samples of the 10 ms blocks `first` to `last` - 1 (a half is rounded up)."""
    index = np.arange(first + 1, last + 1, dtype=np.int64)
    return (index * rate * 2 + BLOCKS_PER_S) // (2 * BLOCKS_PER_S)


class DigestBuilder:
    """Digest a stream block by block; state is one resampler and one unfinished 10 ms block per channel."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate, self.channels = rate, channels
        self._resampler = soxr.ResampleStream(rate, PCM_RATE, 1, dtype="float32", quality="QQ")
        self._samples = 0  # fed so far, gaps included
        self._pcm_count = 0
        self._blocks = 0  # finished 10 ms blocks
        self._open_sum = np.zeros(channels)
        self._open_count = 0
        self._squares = np.empty((channels, 0))  # kept from feed to feed: new pages cost as much as the squares
        self._peak, self._clipped, self._heard, self._look_at = 0.0, 0, 0, 0
        self._spectrum = np.zeros(len(THIRD_OCTAVES_HZ))
        hz = np.fft.rfftfreq(_SPECTRUM, 1 / rate) if rate else np.zeros(1)
        self._edges = np.searchsorted(hz, [centre * 2 ** (-1 / 6) for centre in (*THIRD_OCTAVES_HZ, 2e4 * 2 ** (1 / 3))])
        self._taper = np.hanning(_SPECTRUM).astype(np.float32)

    @property
    def facts(self) -> SoundFacts:
        """Return what was found in all that has been fed."""
        return SoundFacts(self._peak, self._clipped, self._heard, tuple(float(v) for v in self._spectrum))

    @property
    def position(self) -> int:
        """Return how many samples per channel have been fed, gaps included."""
        return self._samples

    def feed(self, samples: Samples) -> DigestChunk:
        """Take (n, channels) samples, float32 with full scale 1.0 or int16; return what they add."""
        if samples.ndim != 2 or samples.shape[1] != self.channels:
            raise ValueError(f"expected (n, {self.channels}) samples, got {samples.shape}")
        if not len(samples):
            return DigestChunk(np.empty(0, np.int16), np.empty((0, self.channels), np.float32))
        scale = np.float32(1 / 32768 if samples.dtype == np.int16 else 1.0)
        # One channel after the other: sums then run along memory (twice as fast); planar codecs give it that way.
        planes: npt.NDArray[np.float32] = np.ascontiguousarray(samples.T, np.float32)
        if scale != 1.0:
            planes = planes * scale
        mono: npt.NDArray[np.float32] = planes[0] if self.channels == 1 else planes.mean(axis=0, dtype=np.float32)
        self._look(planes, mono)
        if self._squares.shape[1] < len(samples):
            self._squares = np.empty((self.channels, len(samples)))
        squares = np.square(planes, out=self._squares[:, : len(samples)], dtype=np.float64)
        return DigestChunk(self._pcm(mono), self._power(squares, len(samples)))

    def feed_gap(self, sample_count: int) -> Iterator[DigestChunk]:
        """Take `sample_count` samples of "not recording"; yield what they add in bounded pieces."""
        while sample_count > 0:
            count = min(sample_count, round(_STEP_S * self.rate))
            yield DigestChunk(self._pcm(np.zeros(count, np.float32)), self._power(None, count))
            sample_count -= count

    def finish(self) -> DigestChunk:
        """Close the resampler and the last, shorter block; the builder must not be fed again."""
        tail = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        wanted = round(self._samples * PCM_RATE / self.rate) - self._pcm_count
        pcm = _int16(tail)[: max(0, wanted)]
        pcm = np.pad(pcm, (0, max(0, wanted - len(pcm))))
        self._pcm_count += len(pcm)
        open_samples = self._samples - (int(block_ends(self._blocks - 1, self._blocks, self.rate)[0]) if self._blocks else 0)
        power = np.empty((0, self.channels), np.float32)
        if open_samples > 0:
            power = self._close_block()[None, :]
        return DigestChunk(pcm, power)

    def _look(self, planes: npt.NDArray[np.float32], mono: npt.NDArray[np.float32]) -> None:
        peak = max(float(planes.max()), -float(planes.min()))
        if peak >= FULL_SCALE:
            self._clipped += int(np.count_nonzero(np.abs(planes) >= FULL_SCALE))
        self._peak = max(self._peak, peak)
        for at in range(0, len(mono), self.rate):
            second = mono[at : at + self.rate]
            self._heard += len(second) * self.channels
            self._look_closely(second)

    def _look_closely(self, mono: npt.NDArray[np.float32]) -> None:
        """Add the spectrum in the middle of a second, if one is due."""
        first, heard = (len(mono) - _SPECTRUM) // 2, self._heard // self.channels
        if first >= 0 and heard >= self._look_at:
            every_s = 1.0 if heard < _CLOSELY_S * self.rate else _SPECTRUM_EVERY_S
            self._look_at = heard + round((every_s - 0.5) * self.rate)
            power = np.square(np.abs(np.fft.rfft(mono[first : first + _SPECTRUM] * self._taper)))
            total = np.concatenate(([0.0], np.cumsum(power)))
            self._spectrum += np.diff(total[np.minimum(self._edges, len(power))])

    def _pcm(self, mono: npt.NDArray[np.float32]) -> Pcm:
        out = _int16(self._resampler.resample_chunk(np.ascontiguousarray(mono)))
        self._pcm_count += len(out)
        return out

    def _close_block(self) -> Power:
        mean = self._open_sum / self._open_count if self._open_count else np.full(self.channels, np.nan)
        self._blocks += 1
        self._open_sum, self._open_count = np.zeros(self.channels), 0
        return mean.astype(np.float32)

    def _power(self, squares: npt.NDArray[np.float64] | None, count: int) -> Power:
        """Add `count` squared samples (channels, count; None: not recording) and return the blocks that they complete."""
        start, self._samples = self._samples, self._samples + count
        last = self._blocks + count * BLOCKS_PER_S // self.rate + 2
        ends = block_ends(self._blocks, last, self.rate) - start
        ends = ends[ends <= count]
        out = np.empty((len(ends), self.channels), np.float32)
        if not len(ends):
            self._add(squares, 0, count)
            return out
        if squares is None:
            out[0], out[1:] = self._close_block(), np.nan
            self._blocks += len(ends) - 1
            return out
        starts = np.concatenate(([0], ends[:-1]))
        sums, lengths = np.add.reduceat(squares[:, : ends[-1]], starts, axis=1), ends - starts
        sums[:, 0] += self._open_sum
        lengths[0] += self._open_count
        np.divide(sums.T, lengths[:, None], out=out, casting="same_kind")
        self._blocks += len(ends)
        self._open_sum, self._open_count = np.zeros(self.channels), 0
        self._add(squares, int(ends[-1]), count)
        return out

    def _add(self, squares: npt.NDArray[np.float64] | None, start: int, end: int) -> None:
        if squares is not None and end > start:
            self._open_sum += squares[:, start:end].sum(axis=1)
            self._open_count += end - start


def _int16(signal: npt.NDArray[np.float32]) -> Pcm:
    whole = signal * np.float32(32767.0)
    np.rint(whole, out=whole)
    np.clip(whole, -32768, 32767, out=whole)
    pcm: Pcm = whole.astype(np.int16)
    return pcm
