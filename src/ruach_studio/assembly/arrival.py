"""Turn recordings into arrival times: for each pair of microphones, how much earlier one hears what both hear.

Arrival order does not depend on gain, so it still tells who speaks where automatic gain control or strong bleed has made
loudness useless. Every 100 ms, over 400 ms: GCC-PHAT (Knapp and Carter, 1976) between 200 and 3500 Hz, lags within 15 ms
(5 m of way); the three highest peaks are kept, with their heights (1.0: the same sound, delayed). Some eight seconds of
CPU an hour for three microphones, so it is made only if `arrival_evidence.py` has use for it, and stored.
Counterpart: energy.py carries it; arrival_evidence.py reads it.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import fft

from ruach_studio.assembly.digest import PCM_RATE, AudioDigest, Stored, in_parts
from ruach_studio.assembly.parts import Parts
from ruach_studio.assembly.sync import Placement
from ruach_studio.kernel.each import Each

WINDOW_MS = 100
FRAME_S = 0.4
LAG_MS_MAX = 15.0
PEAKS = 3
MICS_MAX = 8  # 28 pairs
_LOW_HZ, _HIGH_HZ = 200.0, 3500.0
_SIZE = 4096
_BAND = slice(math.ceil(_LOW_HZ * _SIZE / PCM_RATE), math.floor(_HIGH_HZ * _SIZE / PCM_RATE) + 1)
_TAPER = np.hanning(round(FRAME_S * PCM_RATE)).astype(np.float32)
_BATCH = 64  # a few megabytes for each that is at work
PART_WINDOWS = 576 * _BATCH  # an hour
_AT_ONCE = 4096  # windows that are hashed at once
_QUIET = 3.0  # int16 steps RMS: below this there is nothing to compare

Peaks = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ArrivalMatrix:
    """`peaks`: float32 (n_windows, n_pairs, 3, 2): lag in ms and height, highest first, height 0 = nothing.

    Pair p is (a, b) of `pairs`; a positive lag means that `a` hears it later. Lags include what sync left over.
    """

    pairs: tuple[tuple[str, str], ...]
    peaks: Stored[Peaks]

    @property
    def sha256(self) -> str:
        """Return the hash of names and values."""
        digest = hashlib.sha256("\n".join(f"{a}\t{b}" for a, b in self.pairs).encode() + b"\0")
        for part in in_parts(self.peaks, _AT_ONCE):
            digest.update(np.ascontiguousarray(part, dtype="<f4").data)
        return digest.hexdigest()


def arrival_matrix(
    tracks: Mapping[str, Sequence[AudioDigest]],
    placements: Sequence[Placement],
    mics: Sequence[str],
    duration_s: float,
    *,
    each: Each = map,
    shelf: Callable[[Peaks], Stored[Peaks]] | None = None,
) -> ArrivalMatrix:
    """Return the arrival peaks of all pairs of `mics` (names in `tracks`, at most 8 are used) on the master timeline.

    `each` may work on several stretches at a time: none reads what another writes. The peaks, 2.6 MB an hour for three
    microphones, are kept on the `shelf`, if there is one, part by part.
    """
    names = tuple(mics)[:MICS_MAX]
    pairs = tuple(combinations(names, 2))
    windows = -(-round(duration_s * 1000) // WINDOW_MS)
    length = max(1, windows) if shelf is None else PART_WINDOWS
    parts: list[Stored[Peaks]] = []
    for start in range(0, max(1, windows), length):
        peaks = np.zeros((min(length, windows - start), len(pairs), PEAKS, 2), np.float32)
        stretch = partial(_measure, peaks, tracks, placements, names, start)
        for _ in each(stretch, range(0, len(peaks), _BATCH)):
            pass
        parts.append(peaks if shelf is None else shelf(peaks))
    return ArrivalMatrix(pairs, parts[0] if len(parts) == 1 else Parts(parts, length))


def _measure(
    peaks: Peaks,
    tracks: Mapping[str, Sequence[AudioDigest]],
    placements: Sequence[Placement],
    names: Sequence[str],
    start: int,
    low: int,
) -> None:
    """Write the peaks of the windows from `start` + `low` on, a batch of them, to the rows of `peaks` from `low` on."""
    count = min(_BATCH, len(peaks) - low)
    middle_s = (np.arange(start + low, start + low + count) + 0.5) * WINDOW_MS / 1000
    spectra = {name: _spectrum(_frames(name, tracks[name], placements, middle_s)) for name in names}
    for place, (a, b) in enumerate(combinations(names, 2)):
        peaks[low : low + count, place] = _peaks(spectra[a], spectra[b])


def _frames(
    name: str, digests: Sequence[AudioDigest], placements: Sequence[Placement], middle_s: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return 400 ms around each middle, (n, samples); zeros where the camera was not recording."""
    length = round(FRAME_S * PCM_RATE)
    frames = np.zeros((middle_s.size, length), np.float32)
    for placement in placements:
        if placement.camera_id != name or placement.clip_index >= len(digests):
            continue
        pcm = digests[placement.clip_index].pcm8k
        start = np.rint(((middle_s - FRAME_S / 2) - placement.offset_s) / (1 + placement.drift_ppm * 1e-6) * PCM_RATE)
        starts = start.astype(np.int64).tolist()  # they rise: one read serves all of them
        low, high = max(starts[0], 0), min(starts[-1] + length, len(pcm))
        sound = pcm[low : max(low, high)]
        for row, first in enumerate(starts):
            begin, end = max(first, 0), min(first + length, len(pcm))
            if end > begin:
                frames[row, begin - first : end - first] = sound[begin - low : end - low]
    return frames


def _spectrum(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.complex64]:
    """Return each frame's phases in the band, 0 elsewhere and where there is nothing to hear."""
    heard = fft.rfft(frames * _TAPER, _SIZE, axis=1)
    phase = np.zeros_like(heard)
    band = heard[:, _BAND]
    scale = 1 / np.maximum(np.abs(band), np.float32(1e-6))  # a complex division does the same and takes longer
    np.multiply(band.real, scale, out=phase.real[:, _BAND])
    np.multiply(band.imag, scale, out=phase.imag[:, _BAND])
    phase[np.sqrt(np.mean(np.square(frames), axis=1)) <= _QUIET] = 0.0
    return np.asarray(phase, np.complex64)


def _peaks(a: npt.NDArray[np.complex64], b: npt.NDArray[np.complex64]) -> Peaks:
    most = round(LAG_MS_MAX * PCM_RATE / 1000)
    whole = fft.irfft(a * np.conj(b), _SIZE, axis=1)
    near = np.concatenate([whole[:, -most - 1 :], whole[:, : most + 2]], axis=1)  # lags -most-1 .. most+1
    scale = _SIZE / (2.0 * (_HIGH_HZ - _LOW_HZ) * _SIZE / PCM_RATE)
    inner = near[:, 1:-1]
    top = np.where((inner >= near[:, :-2]) & (inner > near[:, 2:]), inner, 0.0)
    order = np.argsort(-top, axis=1, kind="stable")[:, :PEAKS]
    height = np.take_along_axis(top, order, axis=1) * scale
    lag_ms = (order - most) * 1000.0 / PCM_RATE
    return np.stack([np.where(height > 0, lag_ms, 0.0), height], axis=2).astype(np.float32)
