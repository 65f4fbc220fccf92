"""Turn 8 kHz sound into six slowly moving band levels at 50 Hz: what two microphones in one room agree on.

Log energy in six bands, 200 to 3700 Hz, minus its own moving mean over 1 s, in units of its spread, clipped to +-3. Gain,
microphone colour and constant noise drop out; the rhythm of the syllables stays. sync_coarse.py correlates it.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import fft

from ruach_studio.assembly.digest import PCM_RATE, Pcm, Stored

FEATURE_RATE = 50
HOP = PCM_RATE // FEATURE_RATE
WINDOW = 2 * HOP
BAND_EDGES_HZ = (200.0, 400.0, 700.0, 1100.0, 1700.0, 2600.0, 3700.0)
BANDS = len(BAND_EDGES_HZ) - 1
_MEAN_FRAMES = FEATURE_RATE + 1
_CLIP = 3.0
_SPECTRUM_FRAMES = 512  # their spectra stay in the processor's cache
_CHUNK_FRAMES = 3000  # one minute at a time keeps memory flat
_FLOOR = 1e2  # about one bit of an int16 sample over a window: digital silence gets a finite, constant level

Features = npt.NDArray[np.float32]
Shelf = Callable[[Features], Stored[Features]]  # where what grows with the length is kept meanwhile


def band_features(pcm: Stored[Pcm]) -> Features:
    """Return float32 (n_frames, 6); frame i is centred at (i + 1) / 50 s. Fewer than 40 ms of sound give no frame."""
    count = (len(pcm) - WINDOW) // HOP + 1
    if count < 1:
        return np.empty((0, BANDS), np.float32)
    taper = np.hanning(WINDOW).astype(np.float32)
    hz = np.fft.rfftfreq(WINDOW, 1 / PCM_RATE)
    edges = np.searchsorted(hz, BAND_EDGES_HZ)
    levels = np.empty((count, BANDS), np.float32)
    for start in range(0, count, _SPECTRUM_FRAMES):
        stop = min(count, start + _SPECTRUM_FRAMES)
        sound = np.asarray(pcm[start * HOP : (stop - 1) * HOP + WINDOW], np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
        spectrum = fft.rfft(frames * taper, axis=1)  # a quarter of the time of numpy's
        used = spectrum[:, edges[0] : edges[-1]]
        power = np.square(used.real)
        power += np.square(used.imag)
        bands = np.add.reduceat(power, edges[:-1] - edges[0], axis=1)  # no BLAS: the same sums on every machine
        levels[start:stop] = np.log(bands + np.float32(_FLOOR))
    _take_moving_mean(levels)
    spread = _spread(levels)
    levels /= np.where(spread > 0, spread, 1.0).astype(np.float32)
    return np.clip(levels, -_CLIP, _CLIP, out=levels)


def _take_moving_mean(levels: Features) -> None:
    """Take from each frame, in place, the mean over the 51 frames around it, over fewer at the ends.

    Running totals are kept for one block and its 25 neighbours on each side, so memory does not grow with the length.
    """
    half, length = _MEAN_FRAMES // 2, len(levels)
    before = levels[:0].copy()  # the last 25 frames of what is done already, as they were
    for start in range(0, length, _CHUNK_FRAMES):
        stop = min(length, start + _CHUNK_FRAMES)
        around = np.concatenate((before, levels[start : min(length, stop + half)]))
        first = start - len(before)
        total = np.concatenate((np.zeros((1, levels.shape[1])), np.cumsum(around, axis=0, dtype=np.float64)))
        index = np.arange(start, stop)
        low, high = np.maximum(0, index - half) - first, np.minimum(length, index + half + 1) - first
        before = levels[max(0, stop - half) : stop].copy()
        levels[start:stop] -= ((total[high] - total[low]) / (high - low)[:, None]).astype(np.float32)


def _spread(levels: Features) -> npt.NDArray[np.float64]:
    """Return each band's standard deviation, in 64 bits, block by block."""
    blocks = [levels[start : start + _CHUNK_FRAMES] for start in range(0, len(levels), _CHUNK_FRAMES)]
    mean = np.sum([block.sum(axis=0, dtype=np.float64) for block in blocks], axis=0) / len(levels)
    squares = np.sum([np.square(block - mean).sum(axis=0) for block in blocks], axis=0)
    return np.asarray(np.sqrt(squares / len(levels)), np.float64)
