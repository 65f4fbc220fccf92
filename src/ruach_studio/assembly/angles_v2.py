"""Turn an energy matrix into shots by `angle-v2`, revision 1: calibrated voices, the cheapest path of shots of at least 2 s.

Kept as it was, because what it decided must verify for ever; `angles_weigh.py` is revision 2. Per 100 ms window
`calibration.py` gives each speaker's own level. Smoothed over 0.5 s, it becomes evidence: activity
= sigmoid((level + 25 dB) / 3) x sigmoid((snr - 6 dB) / 2), share = softmax(0.5 x level). Showing camera c costs
1 - share_c while somebody speaks and 0.55 while nobody does; the wide costs 0.6 and 0.1, so that a silence of 2.7 s
is worth the way to the wide and back. Where a second voice is within 6 dB of its own usual level for 0.8 s the wide
costs 0.1 (overlap, cross-talk, laughter). A camera that is not recording is out of the question. `angles_path.py` finds
the cheapest path with no shot under the minimum and 0.6 s of better picture per cut; then a cut to a speaker moves
0.12 s ahead, so that it lands just before the words.
tests/assembly/test_angles_v2.py measures it against raw levels. Confidence and reasons: `angles_reasons.py`.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ruach_studio.assembly.angles_path import cheapest_path
from ruach_studio.assembly.angles_shot import Counts, Levels, Mask, Scene
from ruach_studio.assembly.calibration import VOICE_MIN_DB, Voices, calibrate

ACTIVE_LEVEL_DB, ACTIVE_LEVEL_SLOPE = -25.0, 3.0
ACTIVE_SNR_DB, ACTIVE_SNR_SLOPE = 6.0, 2.0
SHARE_GAIN = 0.5
SMOOTHING_S = 0.5
IDLE_CLOSE_UP_COST = 0.55
WIDE_COST, IDLE_WIDE_COST, OVERLAP_WIDE_COST = 0.6, 0.1, 0.1
OVERLAP_LEVEL_DB = -6.0
UNCOVERED_COST = 1000.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for each camera, window by window; columns follow `Scene.cameras` (close-ups first, then the wide).

    `level_db` and `share` are (n_windows, n_close_ups); `active` and `overlap` (n_windows,); `cost` and `covered`
    (n_windows, n_cameras), cost in seconds of wrong picture per second.
    """

    level_db: Levels
    share: Levels
    active: Levels
    overlap: Mask
    cost: Levels
    covered: Mask
    heard: Mask
    voices: Voices


@dataclass(frozen=True, slots=True)
class Stretch:
    """One shot before it has words: windows [start, end), where it cuts in seconds, and the camera's index."""

    start: int
    end: int
    start_s: float
    end_s: float
    camera: int


def weigh(scene: Scene) -> Evidence:
    """Return the evidence of `scene`. Raises BadInput as `calibrate` does."""
    voices = calibrate(scene)
    window_s = scene.window_s
    close_ups = [camera for camera in scene.cameras if camera != scene.wide or any(c == camera for _, c in scene.mics)]
    windows = voices.relative_db.shape[0]
    smooth = smoothed(np.clip(voices.relative_db, VOICE_MIN_DB, 6.0), window_s)
    smooth[~voices.recording] = VOICE_MIN_DB
    snr = smoothed(np.clip(voices.snr_db, -20.0, 60.0), window_s)
    activity = sigmoid((smooth - ACTIVE_LEVEL_DB) / ACTIVE_LEVEL_SLOPE) * sigmoid((snr - ACTIVE_SNR_DB) / ACTIVE_SNR_SLOPE)
    activity[~voices.recording] = 0.0

    level = np.full((windows, len(close_ups)), VOICE_MIN_DB)
    heard = np.zeros((windows, len(close_ups)), dtype=bool)
    for j, (_, camera) in enumerate(scene.mics):
        at = close_ups.index(camera)
        level[:, at] = np.maximum(level[:, at], smooth[:, j])
        heard[:, at] |= voices.recording[:, j]
    weight = np.exp(SHARE_GAIN * (level - level.max(axis=1, keepdims=True)))
    share = weight / weight.sum(axis=1, keepdims=True)
    active = activity.max(axis=1)
    overlap = np.zeros(windows, dtype=bool)
    if len(close_ups) > 1:
        second = np.sort(level, axis=1)[:, -2]
        overlap = sustained(
            (second > OVERLAP_LEVEL_DB) & (active > 0.5), math.ceil(scene.options.overlap_s / window_s - 1e-9)
        )

    covered = np.column_stack([~np.isnan(scene.column(camera)) for camera in scene.cameras])
    cost = np.empty((windows, len(scene.cameras)))
    for c, camera in enumerate(scene.cameras):
        if camera == scene.wide:
            cost[:, c] = active * np.where(overlap, OVERLAP_WIDE_COST, WIDE_COST) + (1 - active) * IDLE_WIDE_COST
            if camera in close_ups:
                cost[:, c] = np.minimum(cost[:, c], active * (1 - share[:, close_ups.index(camera)]) + (1 - active))
        else:
            cost[:, c] = active * (1 - share[:, close_ups.index(camera)]) + (1 - active) * IDLE_CLOSE_UP_COST
    return Evidence(level, share, active, overlap, cost, covered, heard, voices)


def shots_by_cost(scene: Scene, evidence: Evidence) -> tuple[Stretch, ...]:
    """Return the cheapest gap-free sequence of shots from 0 to the duration, cuts to speakers led in."""
    options = scene.options
    window_s = scene.window_s
    # One window more than the minimum: rounding to frames and the lead-in then never make a shot too short.
    hold_s = max(options.min_shot_s, options.switch_cooldown_s)
    minimum = math.floor(hold_s / window_s + 1e-9) + 1
    cost = np.round(np.where(evidence.covered, evidence.cost, UNCOVERED_COST) * window_s, 9)
    path = cheapest_path(cost, minimum=minimum, cut=options.pace_s)
    if options.max_shot_s is not None:
        path = _relieved(path, cost, scene, minimum)
    edges = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(path))), path.size]
    starts_s = _led_in(path, edges, scene, evidence.covered)
    ends_s = [*starts_s[1:], scene.duration_s]
    return tuple(Stretch(edges[i], edges[i + 1], starts_s[i], ends_s[i], int(path[edges[i]])) for i in range(len(edges) - 1))


def _led_in(path: Counts, edges: list[int], scene: Scene, covered: Mask) -> list[float]:
    """Return where each shot starts, in seconds: cuts to a close-up earlier by the lead-in, where that is possible."""
    options = scene.options
    starts = [0.0]
    for edge in edges[1:-1]:
        camera = int(path[edge])
        at = edge * scene.window_s
        if scene.cameras[camera] != scene.wide:
            earlier = max(at - options.lead_in_s, starts[-1] + options.min_shot_s)
            if earlier < at and bool(covered[int(earlier / scene.window_s) : edge, camera].all()):
                at = earlier
        starts.append(round(at, 6))
    return starts


def _relieved(path: Counts, cost: Levels, scene: Scene, minimum: int) -> Counts:
    """Put one cutaway (wide, else another camera) of `cutaway_s` into each stretch of `max_shot_s`, where it costs least."""
    options = scene.options
    relieved = path.copy()
    longest = math.floor((options.max_shot_s or math.inf) / scene.window_s)
    length = max(minimum, math.ceil(options.cutaway_s / scene.window_s))
    edges = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(path))), path.size]
    for first, end in pairwise(edges):
        start, shown = first, int(path[first])
        while end - start > longest and end - start >= 2 * minimum + length:
            low, high = start + minimum, min(start + longest - length, end - minimum - length)
            others = [c for c in range(cost.shape[1]) if c != shown]
            if high < low or not others:
                break
            spans = np.vstack([np.zeros(cost.shape[1]), np.cumsum(cost[low : high + length], axis=0)])
            price = (spans[length:] - spans[:-length])[: high - low + 1, others]
            if float(price.min()) >= UNCOVERED_COST * scene.window_s:
                break
            at, which = np.unravel_index(int(np.argmin(np.round(price, 6))), price.shape)
            relieved[low + int(at) : low + int(at) + length] = others[int(which)]
            start = low + int(at) + length
    return relieved


def smoothed(
    values: Levels, window_s: float, within: tuple[float, float] = (-math.inf, math.inf), out: Levels | None = None
) -> Levels:
    """Return the triangular moving average over SMOOTHING_S, edges weighted by what there is, of values cut off `within`.

    `out` may be `values`.
    """
    half = max(1, math.ceil(SMOOTHING_S / window_s / 2))
    kernel = np.concatenate([np.arange(1, half + 1), np.arange(half - 1, 0, -1)]).astype(np.float64)
    weight = _convolved(np.ones(values.shape[0]), kernel)
    out = np.empty(values.shape) if out is None else out
    for j in range(values.shape[1]):
        out[:, j] = _convolved(np.clip(values[:, j], *within), kernel) / weight
    return out


def _convolved(values: Levels, kernel: Levels) -> Levels:
    start = (kernel.size - 1) // 2
    return np.asarray(np.convolve(values, kernel, mode="full")[start : start + values.size], dtype=np.float64)


def sigmoid(x: Levels) -> Levels:
    """Return 1 / (1 + e^-x)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -60.0, 60.0))), dtype=np.float64)


def sustained(mask: Mask, length: int) -> Mask:
    """Keep only the runs of True that are at least `length` windows long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    kept = np.zeros(mask.size, dtype=bool)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if end - first >= length:
            kept[first:end] = True
    return kept
