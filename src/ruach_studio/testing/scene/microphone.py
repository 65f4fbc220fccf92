"""Turn stems (one clean voice per person) into one microphone's recording: paths through the room, then a clock.

Master time is the time of the stems. The truth that comes back includes the mean way of the sound: a microphone 1.7 m away
hears everything 5 ms late, and no sound can tell that from a clock that started 5 ms early.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ruach_studio.testing.scene import recorder
from ruach_studio.testing.scene.room import Path, carry
from ruach_studio.testing.scene.voices import RATE, Sound


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording and its truth: what it holds at local second t was said at `offset_s + t * (1 + drift_ppm * 1e-6)`."""

    sound: Sound
    rate: int
    offset_s: float
    drift_ppm: float

    def said_s(self, local_s: float) -> float:
        """Return when the sound at `local_s` was said, in seconds of the stems."""
        return self.offset_s + local_s * (1.0 + self.drift_ppm * 1e-6)


def hear(
    stems: Sequence[Sound], paths: Sequence[Path], *, seed: int, offset_s: float = 0.0, drift_ppm: float = 0.0,
    seconds: float | None = None, rate: int = RATE, floor_dbfs: float = -70.0,
) -> Heard:  # fmt: skip
    """Record the stems from `offset_s` of their time on, for `seconds` of the recorder's own clock (default: to the end).

    `offset_s` (not negative) is put on the stems' sample grid. One path per stem. Raises ValueError for a wrong number.
    """
    first = round(offset_s * RATE)
    count = len(stems[0]) - first if seconds is None else round(seconds * (1 + drift_ppm * 1e-6) * RATE) + RATE
    if len(paths) != len(stems) or first < 0:
        raise ValueError(f"{len(paths)} paths for {len(stems)} stems, from sample {first}")
    lead = min(first, round(1.5 * RATE))  # the room still rings with what was said before
    arriving = np.zeros(min(count, len(stems[0]) - first), np.float32)
    for number, (stem, path) in enumerate(zip(stems, paths, strict=True)):
        part = stem[first - lead : first + len(arriving)]
        if part.any():
            arriving += carry(part, path, RATE, (seed, number))[lead:]
    written = recorder.on_clock(arriving, RATE, drift_ppm=drift_ppm, new_rate=rate)
    if seconds is not None:
        written = written[: round(seconds * rate)]
    written = recorder.noisy(written, seed=seed, floor_dbfs=floor_dbfs)
    mean_way_s = float(np.average([path.delay_s for path in paths], weights=[_spoken(stem) for stem in stems]))
    return Heard(written, rate, first / RATE - mean_way_s, drift_ppm)


def _spoken(stem: Sound) -> float:
    return float(np.count_nonzero(stem)) + 1e-9
