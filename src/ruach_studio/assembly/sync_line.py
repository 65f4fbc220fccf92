"""Turn measured anchors into one straight line that a minority of wrong anchors cannot bend.

The line that most anchors agree with (every pair proposes one) is found first, then refined by weighted least squares with
Tukey's biweight, 0 from 8 ms on: speakers sit at different distances from each camera (1 m of path is 2.9 ms), and the clock
lies between their modes, not on the one of whoever talks most. The drift is reported only where it is known: with fewer than
four agreeing anchors, or a standard error above 20 ppm, the line is level.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.sync_coarse import MAX_DRIFT_PPM
from ruach_studio.assembly.sync_fine import Anchor

AGREE_S = 0.008
_ROUNDS = 8
_LEAST_ERROR_S = 0.0002
MAX_SLOPE_ERROR_PPM = 20.0
MIN_SLOPE_ANCHORS = 4
_Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedLine:
    """`reference_s = query_s * (1 + slope) + offset_s`; `inliers` says per anchor whether it agrees within 8 ms."""

    offset_s: float
    slope: float
    slope_error: float
    residual_s: float
    inliers: tuple[bool, ...]


def fit_line(anchors: list[Anchor]) -> FittedLine | None:
    """Fit the anchors; None if there are none."""
    if not anchors:
        return None
    when, lag = np.array([a.query_s for a in anchors]), np.array([a.lag_s for a in anchors])
    trust = np.array([min(a.peak, 30.0) for a in anchors])
    slope, offset = _majority(when, lag, trust)
    return _refined(when, lag, trust, slope, offset)


def _majority(when: _Float, lag: _Float, trust: _Float) -> tuple[float, float]:
    first, second = np.triu_indices(len(when), 1)
    apart = np.abs(when[second] - when[first]) > 0
    first, second = first[apart], second[apart]
    slopes = (lag[second] - lag[first]) / (when[second] - when[first])
    possible = np.abs(slopes) <= MAX_DRIFT_PPM * 1e-6
    slopes = np.concatenate((np.zeros(len(when)), slopes[possible]))
    through = np.concatenate((np.arange(len(when)), first[possible]))
    offsets = lag[through] - slopes * when[through]
    error = np.abs(lag[None, :] - offsets[:, None] - slopes[:, None] * when[None, :])
    votes = (trust * np.clip(1 - (error / AGREE_S) ** 2, 0, None)).sum(axis=1)
    best = int(np.lexsort((np.abs(slopes), -votes))[0])
    return float(slopes[best]), float(offsets[best])


def _refined(when: _Float, lag: _Float, trust: _Float, slope: float, offset: float) -> FittedLine:
    """Reweight from the majority's line: weight = trust x (1 - (error / 8 ms)^2)^2."""
    near = np.abs(lag - offset - slope * when) < AGREE_S
    slope_error, level = np.inf, bool(near.sum() < MIN_SLOPE_ANCHORS)
    if level:
        offset, slope = float(np.average((lag - slope * when)[near], weights=trust[near])) if near.any() else offset, 0.0
    for _ in range(_ROUNDS):
        error = lag - offset - slope * when
        weight = trust * np.clip(1 - (error / AGREE_S) ** 2, 0, None) ** 2
        if weight.sum() <= 0:
            break
        middle = float(np.average(when, weights=weight))
        spread = float((weight * (when - middle) ** 2).sum())
        if not level and spread > 0:
            slope = float((weight * (when - middle) * lag).sum()) / spread
            effective = spread / float(weight.max())
            rms_s = float(np.sqrt(np.average(error**2, weights=weight)))
            slope_error = max(rms_s, _LEAST_ERROR_S) / float(np.sqrt(effective))
            if slope_error > MAX_SLOPE_ERROR_PPM * 1e-6:
                level, slope, slope_error = True, 0.0, np.inf
        offset = float(np.average(lag, weights=weight)) - slope * middle
    error = lag - offset - slope * when
    near = np.abs(error) < AGREE_S
    residual_s = float(np.sqrt(np.mean(error[near] ** 2))) if near.any() else float("inf")
    return FittedLine(offset, slope, slope_error, residual_s, tuple(bool(v) for v in near))
