"""Turn levels into voices where a gain changed on the way: one calibration for each stretch between two changes.

`gain_watch.py` finds the changes by blocks of 3 minutes, a minute's hop. Each stretch of 60 s and more is then calibrated by
itself, so that own levels and bleed follow the gain; a shorter one goes with its neighbour. Without a change there is one
calibration of everything: more evidence, and noise does not mislead it.
"""

from collections.abc import Callable

import numpy as np

from ruach_studio.assembly.angles_shot import Levels
from ruach_studio.assembly.calibration import Voices, calibrate_levels
from ruach_studio.assembly.gain_watch import GainChange, gain_changes

LEARN_MOST = 18_000  # windows: half an hour of 100 ms, evenly spread over the programme
STRETCH_S = 60.0

Learn = Callable[[Levels, tuple[tuple[str, str], ...], float, int], Voices]


def calibrate_rolling(
    raw: Levels, names: tuple[tuple[str, str], ...], window_s: float, learn: Learn = calibrate_levels
) -> tuple[Voices, tuple[GainChange, ...]]:
    """Return the voices and the gain changes that were followed (none: one calibration of everything), as `learn` does."""
    whole = learn(raw, names, window_s, LEARN_MOST)
    changes = gain_changes(raw, window_s)
    edges = [0]
    for change in changes:
        at = round(change.at_s / window_s)
        if min(at - edges[-1], raw.shape[0] - at) * window_s >= STRETCH_S:
            edges.append(at)
    if len(edges) == 1:
        return whole, changes
    relative, snr = whole.relative_db.copy(), whole.snr_db.copy()
    for start, end in zip(edges, [*edges[1:], raw.shape[0]], strict=True):
        part = raw[start:end]
        if np.isnan(part).all(axis=0).any():
            continue
        voices = learn(part, names, window_s, LEARN_MOST)
        relative[start:end], snr[start:end] = voices.relative_db, voices.snr_db
    return Voices(relative, snr, whole.recording, whole.mics, whole.bleed, whole.apart_db), changes
