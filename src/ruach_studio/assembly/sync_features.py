"""Turn 8 kHz sound into six slowly moving band levels at 50 Hz: what two microphones in one room agree on.

Log energy in six bands, 200 to 3700 Hz, minus its own moving mean over 1 s, in units of its spread, clipped to +-3. Gain,
microphone colour and constant noise drop out; the rhythm of the syllables stays. sync_coarse.py correlates it.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy import fft

from ruach_studio.assembly.digest import PCM_RATE, Pcm, Stored, in_parts
from ruach_studio.assembly.parts import Parts

FEATURE_RATE = 50
HOP = PCM_RATE // FEATURE_RATE
WINDOW = 2 * HOP
BAND_EDGES_HZ = (200.0, 400.0, 700.0, 1100.0, 1700.0, 2600.0, 3700.0)
BANDS = len(BAND_EDGES_HZ) - 1
_MEAN_FRAMES = FEATURE_RATE + 1
_CLIP = 3.0
_SPECTRUM_FRAMES = 512  # their spectra stay in the processor's cache
_CHUNK_FRAMES = 3000  # one minute at a time keeps memory flat
PART_FRAMES = 192_000  # 64 minutes: a multiple of both, so that the parts change no sum
_TAPER = np.hanning(WINDOW).astype(np.float32)
_EDGES = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / PCM_RATE), BAND_EDGES_HZ)
_FLOOR = 1e2  # about one bit of an int16 sample over a window: digital silence gets a finite, constant level

Features = npt.NDArray[np.float32]
Shelf = Callable[[Features], Stored[Features]]  # where what grows with the length is kept meanwhile


def band_features(pcm: Stored[Pcm], shelf: Shelf | None = None) -> Stored[Features]:
    """Return float32 (n_frames, 6); frame i is centred at (i + 1) / 50 s. Fewer than 40 ms of sound give no frame.

    With a shelf they lie there, in parts of an hour, and no more than one of these is in memory at a time.
    """
    count = (len(pcm) - WINDOW) // HOP + 1
    if count < 1:
        return np.empty((0, BANDS), np.float32)
    keep: Shelf = shelf or (lambda levels: levels)
    parts = [keep(part) for part in _centred(pcm, count, count if shelf is None else PART_FRAMES)]
    spread = _spread(parts, count)
    unit = np.where(spread > 0, spread, 1.0).astype(np.float32)
    for number, part in enumerate(parts):
        levels = part[:] / unit
        parts[number] = keep(np.clip(levels, -_CLIP, _CLIP, out=levels))
    return parts[0] if len(parts) == 1 else Parts(parts, PART_FRAMES)


def _centred(pcm: Stored[Pcm], count: int, length: int) -> Iterator[Features]:
    """Yield the levels less their moving mean, `length` frames at a time.

    The mean is over the 51 frames around each, over fewer at the ends: 25 of the part before and of the one behind belong to
    it. Running totals are kept for a minute and its neighbours.
    """
    half = _MEAN_FRAMES // 2
    before, behind = np.empty((0, BANDS), np.float32), _levels(pcm, 0, min(count, _SPECTRUM_FRAMES))
    for low in range(0, count, length):
        here = min(length, count - low)
        levels = np.empty((min(here + _SPECTRUM_FRAMES, count - low), BANDS), np.float32)
        levels[: len(behind)] = behind
        for start in range(len(behind), len(levels), _SPECTRUM_FRAMES):
            stop = min(len(levels), start + _SPECTRUM_FRAMES)
            levels[start:stop] = _levels(pcm, low + start, low + stop)
        behind = levels[here:].copy()
        for start in range(0, here, _CHUNK_FRAMES):
            stop = min(here, start + _CHUNK_FRAMES)
            around = np.concatenate((before, levels[start : min(len(levels), stop + half)]))
            first = start - len(before)
            total = np.concatenate((np.zeros((1, BANDS)), np.cumsum(around, axis=0, dtype=np.float64)))
            index = np.arange(start, stop)
            lowest, highest = np.maximum(first, index - half) - first, np.minimum(len(levels), index + half + 1) - first
            before = np.concatenate((before, levels[start:stop]))[-half:]  # as they were
            levels[start:stop] -= ((total[highest] - total[lowest]) / (highest - lowest)[:, None]).astype(np.float32)
        yield levels[:here]


def _levels(pcm: Stored[Pcm], start: int, stop: int) -> Features:
    """Return the log energies of some frames; those of one call stay in the processor's cache."""
    sound = np.asarray(pcm[start * HOP : (stop - 1) * HOP + WINDOW], np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    spectrum = fft.rfft(frames * _TAPER, axis=1)  # a quarter of the time of numpy's
    used = spectrum[:, _EDGES[0] : _EDGES[-1]]
    power = np.square(used.real)
    power += np.square(used.imag)
    bands = np.add.reduceat(power, _EDGES[:-1] - _EDGES[0], axis=1)  # no BLAS: the same sums on every machine
    return np.asarray(np.log(bands + np.float32(_FLOOR)), np.float32)


def _spread(parts: Sequence[Stored[Features]], count: int) -> npt.NDArray[np.float64]:
    """Return each band's standard deviation, in 64 bits, block by block."""

    def blocks() -> Iterator[Features]:
        for part in parts:
            yield from in_parts(part, _CHUNK_FRAMES)

    mean = np.sum([block.sum(axis=0, dtype=np.float64) for block in blocks()], axis=0) / count
    squares = np.sum([np.square(block - mean).sum(axis=0) for block in blocks()], axis=0)
    return np.asarray(np.sqrt(squares / count), np.float64)
