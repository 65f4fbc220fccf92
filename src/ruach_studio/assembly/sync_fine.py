"""Turn a candidate line into measured anchors: the lag at up to 28 places, each to a fraction of a sample.

Each anchor is up to 8.2 s of the query's loudest sound in its part of the overlap. Its cross spectrum with the reference is
added up over 1-s blocks, each block shifted by what the line predicts, so that drift does not smear the peak; then whitened
(GCC-PHAT, Knapp and Carter 1976) and weighted by the coherence, so that bands with only noise do not vote.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import fft

from ruach_studio.assembly.digest import PCM_RATE, Pcm, Stored
from ruach_studio.assembly.sync_coarse import Line, parabola

MAX_ANCHORS = 28
ANCHOR_S = 8.192
MIN_ANCHOR_S = 1.536
BLOCK = 8192  # 1.024 s
HOP = BLOCK // 2
BAND_HZ = (150.0, 3600.0)
_FINER = 4  # the correlation is interpolated to 32 kHz before the parabola
_SCAN_S = 0.25  # step of the search for the loudest place
_SCAN_CELLS = 120  # half a minute at a time

_Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Anchor:
    """At query time `query_s` the reference is ahead by `lag_s`; `peak` is the correlation's height over its own noise."""

    query_s: float
    lag_s: float
    peak: float


def overlap_s(line: Line, query_s: float, reference_s: float) -> tuple[float, float]:
    """Return the part of the query (its own seconds) that the line puts inside the reference; empty if end <= start."""
    start = -line.offset_s / (1.0 + line.slope)
    end = (reference_s - line.offset_s) / (1.0 + line.slope)
    return max(0.0, start), min(query_s, end)


def measure_anchors(
    query: Stored[Pcm], reference: Stored[Pcm], line: Line, reach_s: float, within: tuple[float, float] | None = None
) -> list[Anchor]:
    """Measure the lag within `reach_s` of the line at up to 28 places of the overlap, in the order of time.

    `within` bounds the query times that are looked at.
    """
    start_s, end_s = overlap_s(line, len(query) / PCM_RATE, len(reference) / PCM_RATE)
    if within is not None:
        start_s, end_s = max(start_s, within[0]), min(end_s, within[1])
    length_s = float(np.clip((end_s - start_s) / 6.0, MIN_ANCHOR_S, ANCHOR_S))
    if end_s - start_s < length_s:
        return []
    count = int(np.clip((end_s - start_s) // (length_s / 2) - 1, 1, MAX_ANCHORS))
    edges = np.linspace(start_s, end_s, count + 1)
    anchors = []
    for low, high in pairwise(edges.tolist()):
        middle = (low + high) / 2
        low = min(low, max(start_s, middle - length_s / 2))
        high = max(high, min(end_s, low + length_s))
        place = _loudest(query, min(low, high - length_s), high, length_s)
        anchor = _measure(query, reference, line, place, length_s, reach_s)
        if anchor is not None:
            anchors.append(anchor)
    return anchors


def peak_along(
    query: Stored[Pcm], reference: Stored[Pcm], line: Line, start_s: float, length_s: float, reach_s: float
) -> float:
    """Return how high the correlation stands over its noise along the line from `start_s` on; 0 outside the reference."""
    anchor = _measure(query, reference, line, start_s, length_s, reach_s)
    return anchor.peak if anchor is not None else 0.0


def _loudest(pcm: Stored[Pcm], low_s: float, high_s: float, length_s: float) -> float:
    """Return where in [low_s, high_s] the loudest `length_s` begin."""
    step = round(_SCAN_S * PCM_RATE)
    first = max(0, round(low_s * PCM_RATE))
    cells = (min(round(high_s * PCM_RATE), len(pcm)) - first) // step
    window = max(1, round(length_s / _SCAN_S))
    if cells <= window:
        return max(0.0, low_s)
    level = np.empty(cells)
    for cell in range(0, cells, _SCAN_CELLS):  # between two anchors of a long recording lie minutes
        there = min(cells, cell + _SCAN_CELLS)
        sound = np.asarray(pcm[first + cell * step : first + there * step], np.float32)
        level[cell:there] = np.log1p(np.square(sound).reshape(-1, step).mean(axis=1, dtype=np.float64))
    total = np.concatenate(([0.0], np.cumsum(level)))
    return float(max(0.0, low_s) + int(np.argmax(total[window:] - total[:-window])) * _SCAN_S)


def _measure(
    query: Stored[Pcm], reference: Stored[Pcm], line: Line, start_s: float, length_s: float, reach_s: float
) -> Anchor | None:
    first = round(start_s * PCM_RATE)
    starts = np.arange(first, first + round(length_s * PCM_RATE) - BLOCK + 1, HOP)
    centres_s = (starts + BLOCK / 2) / PCM_RATE
    predicted = np.asarray(line.lag_s(centres_s)) * PCM_RATE
    shifts = np.rint(predicted).astype(np.int64)
    inside = (starts + shifts >= 0) & (starts + shifts + BLOCK <= len(reference)) & (starts + BLOCK <= len(query))
    if not inside.any():
        return None
    starts, shifts, predicted, centres_s = starts[inside], shifts[inside], predicted[inside], centres_s[inside]
    taper = np.hanning(BLOCK).astype(np.float32)
    cross, own, other = (np.zeros(BLOCK // 2 + 1, complex), np.zeros(BLOCK // 2 + 1), np.zeros(BLOCK // 2 + 1))
    radians = 2 * np.pi * np.arange(BLOCK // 2 + 1) / BLOCK
    for start, shift, rest in zip(starts, shifts, predicted - shifts, strict=True):
        here = fft.rfft(np.asarray(query[start : start + BLOCK], np.float32) * taper)
        there = fft.rfft(np.asarray(reference[start + shift : start + shift + BLOCK], np.float32) * taper)
        cross += np.conj(here) * there * np.exp(1j * radians * rest)  # what is left of the prediction below one sample
        own += np.abs(here) ** 2
        other += np.abs(there) ** 2
    peak = _peak(cross, own, other, reach_s)
    if peak is None:
        return None
    middle_s = float(centres_s.mean())
    return Anchor(middle_s, float(line.lag_s(middle_s)) + peak[0], peak[1])


def _peak(cross: npt.NDArray[np.complex128], own: _Float, other: _Float, reach_s: float) -> tuple[float, float] | None:
    """Return (lag from the prediction in s, height over the noise) of the whitened correlation's highest point."""
    hz = np.arange(len(cross)) * PCM_RATE / BLOCK
    size = np.abs(cross)
    used = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1]) & (size > 0)
    if not used.any():
        return None
    coherence = np.zeros(len(cross))
    coherence[used] = size[used] ** 2 / (own[used] * other[used])
    white = np.zeros(len(cross), complex)
    white[used] = cross[used] / size[used] * coherence[used]
    correlation = np.abs(fft.irfft(white, BLOCK * _FINER))  # a microphone wired the other way round is still a match
    reach = round(reach_s * PCM_RATE * _FINER)
    near = np.concatenate((correlation[-reach:], correlation[: reach + 1]))
    place = int(np.argmax(near))
    noise = float(np.sqrt(np.mean(np.square(correlation))))
    if noise <= 0:
        return None
    return (place - reach + parabola(near, place)) / (PCM_RATE * _FINER), float(near[place]) / noise
