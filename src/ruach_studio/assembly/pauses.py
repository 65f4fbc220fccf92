"""Turn the energy of a session into its pauses: stretches in which no microphone hears anybody.

A microphone is quiet in a window when it is under min(its 10th percentile + 6 dB, its 90th - 12 dB), or under the silence
threshold where one was set (absolute dBFS); digital silence is quiet. A window in which nothing was recorded is no pause:
missing sound is not silence. Counterparts: `chapters.py`, `shorts.py`, `omissions.py`.
"""

from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Levels, Mask
from ruach_studio.assembly.energy import EnergyMatrix

FLOOR_PERCENTILE, FLOOR_ABOVE_DB = 10.0, 6.0
LOUD_PERCENTILE, LOUD_BELOW_DB = 90.0, 12.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Per window: `speaking` (somebody is heard) and `level_db`, the loudest microphone above its own threshold."""

    window_s: float
    speaking: Mask
    level_db: Levels
    recorded: Mask


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch without speech, in seconds of master time."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Return how long it lasts."""
        return self.end_s - self.start_s


def activity(matrix: EnergyMatrix, silence_dbfs: float | None = None) -> Activity:
    """Return who is heard when; arrays are (n_windows,)."""
    levels: Levels = np.asarray(matrix.dbfs, dtype=np.float64)
    above = np.full_like(levels, -np.inf)
    for j in range(levels.shape[1]):
        heard = levels[:, j][np.isfinite(levels[:, j])]
        if not heard.size:
            continue
        floor = float(np.percentile(heard, FLOOR_PERCENTILE)) + FLOOR_ABOVE_DB
        loud = float(np.percentile(heard, LOUD_PERCENTILE)) - LOUD_BELOW_DB
        above[:, j] = levels[:, j] - (min(floor, loud) if silence_dbfs is None else silence_dbfs)
    above[np.isnan(above)] = -np.inf
    loudest: Levels = np.asarray(above.max(axis=1, initial=-np.inf))
    recorded: Mask = np.asarray(~np.isnan(levels).all(axis=1))
    return Activity(matrix.window_ms / 1000.0, loudest >= 0.0, loudest, recorded)


def pauses(heard: Activity, minimum_s: float) -> tuple[Pause, ...]:
    """Return every pause of at least `minimum_s`, in order."""
    quiet = ~heard.speaking & heard.recorded
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    found = [
        Pause(round(int(a) * heard.window_s, 6), round(int(b) * heard.window_s, 6))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
    return tuple(each for each in found if each.length_s >= minimum_s - 1e-9)
