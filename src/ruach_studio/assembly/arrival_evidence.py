"""Turn arrival peaks into who speaks, without a word about loudness.

Every speaker is nearest to his own microphone, so for a pair (a, b) the histogram of lags has a's speaker at its early end
and b's at its late end, everybody else between; whatever sync left over moves all of them together (that is why lags are
compared with one another, never with 0). From these outer modes each speaker's lag is learned for every pair, in three
passes over the windows that are most his. Evidence for a speaker = mean height of the peaks at his lags; it is put in
relation to the height that a clear voice has. Counterpart: arrival.py measures; angles_weigh.py weighs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.angles_shot import Levels, Mask
from ruach_studio.assembly.arrival import LAG_MS_MAX, ArrivalMatrix, Peaks
from ruach_studio.assembly.calibration import BLEED_MAX, unmix
from ruach_studio.assembly.digest import Stored, in_parts

BIN_MS = 0.125
NEAR_MS = 0.4
PASSES = 3
MODE_SHARE = 0.06  # of the highest mode: what is less is an echo
APART_MS = 0.5  # outer modes closer than this are one place
HEIGHT_MIN = 0.085  # chance reaches 0.08
LEAK_LEAST = 0.5  # of a clear voice's height
_CLEAR_PERCENTILE = 80.0
_PIECE = 4096  # windows that are worked on at once


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`strength`: (n_windows, n_speakers), 1.0 = as clear as a voice alone usually is. `lags_ms`: (n_speakers, n_pairs)."""

    strength: Levels
    lags_ms: Levels


def arrivals(matrix: ArrivalMatrix, mics: Sequence[str]) -> Arrivals | None:
    """Return the evidence for the speakers whose microphones are `mics`; None if it cannot tell them apart."""
    if len(mics) < 2:
        return None
    wanted = [p for p, (a, b) in enumerate(matrix.pairs) if a in mics and b in mics]
    pairs = [(mics.index(matrix.pairs[p][0]), mics.index(matrix.pairs[p][1])) for p in wanted]
    if len(pairs) < len(mics) * (len(mics) - 1) // 2:
        return None
    peaks = _Peaks(matrix.peaks, wanted)
    templates = np.full((len(mics), len(pairs)), np.nan)
    for (p, (a, b)), histogram in zip(enumerate(pairs), peaks.histograms(None), strict=True):
        outer = _outer_modes(histogram)
        if outer is not None:
            templates[a, p], templates[b, p] = outer
    if np.isnan(templates).all(axis=1).any():
        return None
    strength = _strength(peaks, templates)
    for _ in range(PASSES):
        lead = strength.argmax(axis=1)
        top = np.sort(strength, axis=1)
        clear = (top[:, -1] >= HEIGHT_MIN) & (top[:, -1] > 1.3 * top[:, -2])
        for s in range(len(mics)):
            rows = clear & (lead == s)
            if rows.sum() < 20:
                continue
            for p, histogram in enumerate(peaks.histograms(rows)):
                templates[s, p] = _lag_of(int(np.argmax(histogram)))
        strength = _strength(peaks, templates)
    return Arrivals(strength / _clear_heights(strength), templates)


def unleaked(strength: Levels) -> Levels:
    """Take out what a voice leaves at the lags of those who sit near him in time (revision 3).

    Between a pair of microphones, two people's lags may lie closer than the 0.8 ms of a peak's foot, and in echoes more
    often. What the others show while one clearly leads, re his own height, is this leak; it is unmixed as bleed is.
    """
    top = np.sort(strength, axis=1)
    clear = (top[:, -1] >= LEAK_LEAST) & (top[:, -1] > 1.3 * top[:, -2])
    lead = strength.argmax(axis=1)
    leak = np.eye(strength.shape[1])
    for j in range(strength.shape[1]):
        mine = strength[clear & (lead == j)]
        if len(mine) >= 20:
            usual = np.median(mine, axis=0)
            leak[:, j] = np.minimum(usual / usual[j], BLEED_MAX)
            leak[j, j] = 1.0
    return unmix(strength, leak)


def _clear_heights(strength: Levels) -> Levels:
    """Return how high each speaker's clear voice stands: microphones differ in noise and room."""
    usual = float(np.percentile(strength.max(axis=1), _CLEAR_PERCENTILE))
    lead = strength.argmax(axis=1)
    heights = np.full(strength.shape[1], usual)
    for s in range(strength.shape[1]):
        mine = strength[(lead == s) & (strength[:, s] >= HEIGHT_MIN), s]
        if mine.size >= 50:
            heights[s] = float(np.percentile(mine, _CLEAR_PERCENTILE - 15.0))
    return np.asarray(np.maximum(heights, max(0.4 * usual, 1e-6)), dtype=np.float64)


class _Peaks:
    """The peaks of the wanted pairs, read by pieces: what is needed at once does not grow with the length."""

    def __init__(self, peaks: Stored[Peaks], wanted: Sequence[int]) -> None:
        self._stored, self._wanted = peaks, wanted

    def __len__(self) -> int:
        return len(self._stored)

    def pieces(self) -> Iterator[tuple[slice, Peaks]]:
        for low, part in zip(range(0, len(self), _PIECE), in_parts(self._stored, _PIECE), strict=True):
            yield slice(low, low + _PIECE), part[:, self._wanted]

    def histograms(self, rows: Mask | None) -> Levels:
        """Count each pair's lags of the highest peaks, by the square of their heights; of some `rows` (None: all)."""
        counts = np.zeros((len(self._wanted), round(2 * LAG_MS_MAX / BIN_MS) + 1))
        for piece, part in self.pieces():
            highest = (part if rows is None else part[rows[piece]])[:, :, 0].astype(np.float64)
            lag, height = highest[..., 0].T, highest[..., 1].T
            place = np.clip(np.rint((lag + LAG_MS_MAX) / BIN_MS).astype(np.int64), 0, counts.shape[1] - 1)
            weight = np.where(height >= HEIGHT_MIN, height**2, 0.0)
            for pair in range(len(counts)):
                np.add.at(counts[pair], place[pair], weight[pair])  # one after the other, in the order of time
        kernel = [0.25, 0.5, 1.0, 0.5, 0.25]
        return np.array([np.convolve(each, kernel, mode="same") for each in counts]).reshape(counts.shape)


def _strength(peaks: _Peaks, templates: Levels) -> Levels:
    """Return the mean height at each speaker's lags, falling to 0 over 0.4 ms; pairs whose lag is unknown do not count."""
    out = np.zeros((len(peaks), templates.shape[0]))
    for piece, part in peaks.pieces():
        for s in range(templates.shape[0]):
            known = np.flatnonzero(~np.isnan(templates[s]))
            here = part[:, known].astype(np.float64)
            nearness = np.maximum(1.0 - np.abs(here[..., 0] - templates[s, known][None, :, None]) / (2 * NEAR_MS), 0.0)
            out[piece, s] = (nearness * here[..., 1]).max(axis=2).mean(axis=1)
    return out


def _outer_modes(histogram: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the earliest and the latest lag that many windows share, in ms, or None."""
    inner = histogram[1:-1]
    modes = 1 + np.flatnonzero(
        (inner >= histogram[:-2]) & (inner > histogram[2:]) & (inner >= MODE_SHARE * histogram.max()) & (inner > 0)
    )
    if modes.size < 2 or _lag_of(int(modes[-1])) - _lag_of(int(modes[0])) < APART_MS:
        return None
    return _lag_of(int(modes[0])), _lag_of(int(modes[-1]))


def _lag_of(place: int) -> float:
    return place * BIN_MS - LAG_MS_MAX
