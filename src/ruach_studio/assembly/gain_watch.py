"""Turn levels into warnings about the recorder: automatic gain control, and a gain that somebody changed on the way.

Automatic gain control: averaged over a second, a microphone that hears one speaker near and others far moves by 4 dB and
more between its 25th and 90th percentile (on made scenes 4.4 to 19 dB); under control everything is lifted to one level
(1.6 to 2.3 dB). Below 3.2 dB it is named. Gain change: between two blocks of 3 minutes, a minute's hop, floor and loudness
of a microphone both move the same way, by 5 and 3 dB; noise alone lifts the floor only.
Counterpart: calibration_rolling.py follows a changed gain; arrival_evidence.py does without levels.
"""

from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Levels, Mask

AGC_RANGE_DB = 3.2
AGC_LEAST_S = 60.0
BLOCK_S, HOP_S = 180.0, 60.0
FLOOR_STEP_DB, LOUD_STEP_DB = 5.0, 3.0
ALIKE_DB = 4.0  # a knob moves floor, middle and loudness alike; who talks how much does not
_FLOOR, _LOUD = 8.0, 97.0
_PIECE_S = 600  # seconds that are worked on at once


@dataclass(frozen=True, slots=True)
class GainChange:
    """Microphone number `mic` became louder by `step_db` near `at_s` (to ten seconds)."""

    mic: int
    at_s: float
    step_db: float


def dynamic_range_db(raw: Levels, window_s: float) -> Levels:
    """Return per microphone how far its one-second levels move, dB; NaN with less than a minute of audio."""
    per = max(1, round(1.0 / window_s))
    seconds = raw[: raw.shape[0] // per * per].reshape(-1, per, raw.shape[1])
    pieces = [np.empty((0, raw.shape[1]))]
    with np.errstate(divide="ignore"):
        for low in range(0, len(seconds), _PIECE_S):
            piece = np.maximum(seconds[low : low + _PIECE_S], -100.0)
            pieces.append(10 * np.log10(np.power(10.0, piece / 10).mean(axis=1)))
    level = np.concatenate(pieces)
    ranges = np.full(raw.shape[1], np.nan)
    for j in range(raw.shape[1]):
        heard = level[~np.isnan(level[:, j]), j]
        if heard.size >= AGC_LEAST_S:
            ranges[j] = np.percentile(heard, 90.0) - np.percentile(heard, 25.0)
    return ranges


def automatic_gain(raw: Levels, window_s: float) -> Mask:
    """Return per microphone whether its gain is controlled. One microphone alone proves nothing."""
    if raw.shape[1] < 2:
        return np.zeros(raw.shape[1], dtype=bool)
    return np.asarray(dynamic_range_db(raw, window_s) < AGC_RANGE_DB, dtype=bool)


def gain_changes(raw: Levels, window_s: float) -> tuple[GainChange, ...]:
    """Return where a microphone's gain changed, in order of time; nothing in talks under six minutes."""
    per_s = max(1, round(1.0 / window_s))
    every = max(1, raw.shape[0] // 72_000)  # a third of the windows says as much about a percentile
    length, hop = round(BLOCK_S * per_s / every), round(HOP_S * per_s / every)
    count, apart = -(-raw.shape[0] // every), length // hop
    starts = range(0, count - length + 1, hop)
    if len(starts) <= apart:
        return ()

    def levels(mic: int) -> Levels:
        return np.maximum(raw[::every, mic], -100.0)

    bounds = np.array([_all_bounds(levels(j), length, hop) for j in range(raw.shape[1])])
    steps = bounds[:, apart:] - bounds[:, :-apart]  # (n_mics, n_blocks, floor, middle, loudness)
    found: list[GainChange] = []
    for j in range(raw.shape[1]):
        # What all microphones do at once is the room (somebody talks without a pause), not a knob.
        others = np.delete(steps, j, axis=0)
        common = np.median(others, axis=0) if others.size else np.zeros_like(steps[j])
        low, middle, high = steps[j, :, 0], steps[j, :, 1], steps[j, :, 2]
        own_low, own_high = low - common[:, 0], high - common[:, 2]
        changed = (np.abs(low) >= FLOOR_STEP_DB) & (np.abs(high) >= LOUD_STEP_DB) & (low * high > 0)
        changed &= (np.abs(own_low) >= FLOOR_STEP_DB) & (np.abs(own_high) >= LOUD_STEP_DB) & (low * own_low > 0)
        changed &= (np.abs(low - high) <= ALIKE_DB) & (np.abs(middle - (low + high) / 2) <= ALIKE_DB)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], changed, [False]]).astype(np.int8)))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            best = int(first + np.argmax(np.abs(low[first:end])))
            at = _place(levels(j), (best * hop, (best + 2 * apart) * hop), round(10 * per_s / every))
            found.append(GainChange(j, round(at * window_s * every, 3), round(float(low[best]), 1)))
    return tuple(sorted(found, key=lambda change: (change.at_s, change.mic)))


def _bounds(levels: Levels) -> tuple[float, float, float]:
    """Return floor, middle and loudness of a block; NaN if half of it is missing."""
    heard = np.sort(levels[~np.isnan(levels)])
    if heard.size <= levels.size // 2:
        return np.nan, np.nan, np.nan
    low, middle, high = (float(heard[int(percent / 100 * (heard.size - 1))]) for percent in (_FLOOR, 50.0, _LOUD))
    return low, middle, high


def _all_bounds(levels: Levels, length: int, hop: int) -> Levels:
    """Return `_bounds` of every block, (n_blocks, 3), all sorted at once."""
    blocks = np.sort(np.lib.stride_tricks.sliding_window_view(levels, length)[::hop], axis=1)  # NaN last
    heard = (blocks == blocks).sum(axis=1)
    rows = np.arange(len(blocks))
    at = [(percent / 100 * (heard - 1)).astype(np.int64) for percent in (_FLOOR, 50.0, _LOUD)]
    found = np.column_stack([blocks[rows, np.maximum(each, 0)] for each in at])
    return np.asarray(np.where((heard > length // 2)[:, None], found, np.nan), dtype=np.float64)


def _place(levels: Levels, span: tuple[int, int], piece: int) -> int:
    """Return the window of `span` where the minute before and the minute after differ most, from floor to loudness."""
    minute = 6 * piece
    places = list(range(span[0] + minute, min(span[1], levels.size) - minute + 1, piece))
    if not places:
        return sum(span) // 2
    apart = np.array([np.subtract(_bounds(levels[at : at + minute]), _bounds(levels[at - minute : at])) for at in places])
    alike = np.maximum(np.abs(np.nan_to_num(apart).sum(axis=1)) - np.ptp(np.nan_to_num(apart), axis=1), 0.0)
    return places[int(np.argmax(alike))]
