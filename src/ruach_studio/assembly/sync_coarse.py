"""Turn two feature tracks into candidate lines: where in the reference the query lies, and how fast it drifts.

Up to 20 segments of 30 s of the query are each searched in the whole reference, so one bad stretch (another room, silence,
music from a loudspeaker) cannot decide. Lines are then drawn through the segments' peaks; the line with most weight wins.
Method: segment consensus; counterpart sync_fine.py measures each candidate to a fraction of a sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from ruach_studio.assembly.digest import Stored, in_parts
from ruach_studio.assembly.sync_features import BANDS, FEATURE_RATE, Features, Shelf

SEGMENT_S = 30.0
MAX_SEGMENTS = 20
PEAKS_PER_SEGMENT = 3
MIN_OVERLAP_S = 2.5
MAX_DRIFT_PPM = 1500.0  # NTSC pull-down is 999 ppm; a crystal is below 100
TOLERANCE_S = 0.030
NOISE_Z = 4.0  # the highest of some 10^5 unrelated lags reaches 4 to 5
_PEAK_GAP = FEATURE_RATE // 5

_BLOCK_FRAMES = 16_384  # 5.5 min: eleven segments, and six spectra of it stay in the cache
_BLOCKS_TOGETHER = 8  # 6.3 MB of spectra

_Float = npt.NDArray[np.float64]
_Score = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SegmentPeak:
    """One segment's match: at query time `query_s` (its centre) the reference is `lag_s` ahead, `z` above the noise."""

    segment: int
    query_s: float
    lag_s: float
    z: float


@dataclass(frozen=True, slots=True)
class Line:
    """`reference_s = query_s * (1 + slope) + offset_s`, supported by segments with a total `weight`."""

    offset_s: float
    slope: float
    weight: float

    def lag_s(self, query_s: _Float | float) -> _Float | float:
        """Return how far the reference is ahead at `query_s`."""
        return self.offset_s + self.slope * query_s


def segment_peaks(query: Stored[Features], reference: Stored[Features], shelf: Shelf | None = None) -> list[SegmentPeak]:
    """Search each segment of `query` in all of `reference`; return up to three peaks per segment.

    The spectra of a long reference (4.8 MB an hour) are kept on the `shelf` meanwhile, if there is one.
    """
    length = min(len(query), round(SEGMENT_S * FEATURE_RATE))
    if length < MIN_OVERLAP_S * FEATURE_RATE or len(reference) < MIN_OVERLAP_S * FEATURE_RATE:
        return []
    count = int(np.clip(-(-(len(query) - length) * 2 // length) + 1, 1, MAX_SEGMENTS))
    starts = np.round(np.linspace(0, len(query) - length, count)).astype(int)
    blocks = _blocks(reference, length, shelf)
    energy = _running_energy(reference)
    peaks: list[SegmentPeak] = []
    for number, start in enumerate(starts):
        segment = query[start : start + length]
        score, first_lag = _score(segment, blocks, energy)
        centre_s = (start + length / 2) / FEATURE_RATE
        for frame, z in _peaks(score):
            lag_s = (first_lag + frame - start) / FEATURE_RATE
            peaks.append(SegmentPeak(number, centre_s, lag_s, z))
    return peaks


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The reference's spectra, a row of 6 x (size / 2 + 1) float32 pairs a block, some blocks in each part; block b begins

    at frame `b * step - lead` (zeros outside it).
    """

    parts: list[Stored[Features]]
    lead: int
    step: int
    size: int

    def __iter__(self) -> Iterator[npt.NDArray[np.complex64]]:
        """Yield (6, size / 2 + 1) block by block."""
        for part in self.parts:
            for row in range(len(part)):
                yield part[row : row + 1].view(np.complex64).reshape(BANDS, -1)


def _blocks(reference: Stored[Features], length: int, shelf: Shelf | None) -> _Blocks:
    """Cut the reference into overlapping blocks (overlap-save): small transforms stay in the cache, memory stays bounded."""
    lead = length - 1
    size = fft.next_fast_len(min(_BLOCK_FRAMES, len(reference) + 2 * lead), real=True)
    step = size - lead
    count = -(-(len(reference) + lead) // step)
    parts: list[Stored[Features]] = []
    for start in range(0, count, _BLOCKS_TOGETHER):
        spectra = np.empty((min(_BLOCKS_TOGETHER, count - start), BANDS, size // 2 + 1), np.complex64)
        for number in range(len(spectra)):
            first = (start + number) * step - lead
            part = np.zeros((BANDS, size), np.float32)
            low, high = max(0, first), min(len(reference), first + size)
            part[:, low - first : high - first] = reference[low:high].T
            spectra[number] = fft.rfft(part, axis=1)
        rows = spectra.reshape(len(spectra), -1).view(np.float32)
        parts.append(rows if shelf is None or count <= _BLOCKS_TOGETHER else shelf(rows))
    return _Blocks(parts, lead, step, size)


def _running_energy(track: Stored[Features]) -> _Float:
    """Return the energy before each frame, and of all of them at the end."""
    energy, stop = np.zeros(len(track) + 1), 1
    for part in in_parts(track, _BLOCK_FRAMES):
        start, stop = stop, stop + len(part)
        energy[start:stop] = np.einsum("ij,ij->i", part, part, dtype=np.float64)
    return np.cumsum(energy, out=energy)


def _score(segment: Features, blocks: _Blocks, energy: _Float) -> tuple[_Score, int]:
    """Return the correlation per lag, in units where unrelated sound has the same spread at every lag, and the first lag."""
    length, reference_length = len(segment), len(energy) - 1
    least = min(round(MIN_OVERLAP_S * FEATURE_RATE), length, reference_length)
    first_lag, end_lag = least - length, reference_length - least + 1
    own = _running_energy(segment)
    quiet = 0.05 * float(np.sqrt(own[-1] * energy[-1] / reference_length))  # a silent stretch must not divide by nothing
    pattern = np.conj(fft.rfft(segment.T, blocks.size, axis=1))
    score = np.empty(end_lag - first_lag, np.float32)
    for number, spectrum in enumerate(blocks):
        begin = number * blocks.step - blocks.lead  # the lag of the block's first value
        lags = np.arange(max(begin, first_lag), min(begin + blocks.step, end_lag))
        if not len(lags):
            continue
        product = fft.irfft(np.einsum("bf,bf->f", pattern, spectrum), blocks.size)[lags - begin]
        low, high = np.maximum(0, -lags), np.minimum(length, reference_length - lags)
        norm = np.sqrt((own[high] - own[low]) * (energy[lags + high] - energy[lags + low]))
        score[lags - first_lag] = product / np.maximum(norm, max(quiet, 1e-9)) * np.sqrt(high - low)
    return score, first_lag


def _peaks(score: _Score) -> list[tuple[float, float]]:
    """Return (position, z) of the highest peaks, 200 ms apart, refined by a parabola; z by median and median deviation."""
    work = score.copy()
    middle = float(np.median(work, overwrite_input=True))
    np.abs(np.subtract(score, middle, out=work), out=work)
    spread = 1.4826 * float(np.median(work, overwrite_input=True))
    del work
    if spread <= 0:
        return []
    places = np.concatenate([_tops(score, start) for start in range(0, len(score), _BLOCK_FRAMES)])
    best = places[np.argsort(-score[places], kind="stable")][:PEAKS_PER_SEGMENT]
    return [(place + parabola(score, int(place)), (float(score[place]) - middle) / spread) for place in best]


def _tops(score: _Score, start: int) -> npt.NDArray[np.intp]:
    """Return the places from `start` on, a block of them, where nothing within 200 ms is higher.

    SciPy's filter keeps 16 bytes for each value that it is given: it is given a block.
    """
    stop = min(len(score), start + _BLOCK_FRAMES)
    low, high = max(0, start - _PEAK_GAP), min(len(score), stop + _PEAK_GAP)
    highest = ndimage.maximum_filter1d(score[low:high], 2 * _PEAK_GAP + 1, mode="nearest")[start - low : stop - low]
    return start + np.flatnonzero(score[start:stop] == highest)


def parabola(values: _Float | _Score, place: int) -> float:
    """Return the vertex of the parabola through three neighbours, -0.5 to 0.5 from `place`."""
    if not 0 < place < len(values) - 1:
        return 0.0
    before, here, after = (float(value) for value in values[place - 1 : place + 2])
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def candidate_lines(peaks: list[SegmentPeak], count: int) -> list[Line]:
    """Return up to `count` different lines, best supported first."""
    strong = [peak for peak in peaks if peak.z > NOISE_Z] or sorted(peaks, key=lambda p: -p.z)[:count]
    if not strong:
        return []
    when = np.array([p.query_s for p in strong])
    lag = np.array([p.lag_s for p in strong])
    weight = np.array([max(p.z - NOISE_Z, 0.01) for p in strong])
    segment = np.array([p.segment for p in strong])
    slopes, offsets = _hypotheses(when, lag, segment)
    error = np.abs(lag[None, :] - offsets[:, None] - slopes[:, None] * when[None, :])
    near = np.where(error < TOLERANCE_S, weight[None, :] * (1 - 0.5 * error / TOLERANCE_S), 0.0)
    best = np.zeros((len(offsets), int(segment.max()) + 1))
    for column, number in enumerate(segment):  # a segment supports a line once, however many of its peaks lie on it
        best[:, number] = np.maximum(best[:, number], near[:, column])
    support = best.sum(axis=1)
    lines: list[Line] = []
    for index in np.lexsort((np.abs(slopes), -support)):
        line = Line(float(offsets[index]), float(slopes[index]), float(support[index]))
        middle = float(when[near[index] > 0].mean())
        if all(abs(float(other.lag_s(middle)) - float(line.lag_s(middle))) > 5 * TOLERANCE_S for other in lines):
            lines.append(line)
        if len(lines) == count:
            break
    return lines


def _hypotheses(when: _Float, lag: _Float, segment: npt.NDArray[np.int64]) -> tuple[_Float, _Float]:
    """Return slope and offset of every line through two peaks of different segments, and of a level line through each."""
    first, second = np.triu_indices(len(when), 1)
    apart = segment[first] != segment[second]
    first, second = first[apart], second[apart]
    slopes = (lag[second] - lag[first]) / (when[second] - when[first])
    possible = np.abs(slopes) <= MAX_DRIFT_PPM * 1e-6
    slopes = np.concatenate((np.zeros(len(when)), slopes[possible]))
    through = np.concatenate((np.arange(len(when)), first[possible]))
    return slopes, lag[through] - slopes * when[through]
