"""Turn segments that contradict the line into one finding: the recording jumps there (dropped or doubled samples).

A straight line cannot describe a recorder that lost 200 ms in the middle: one side of the jump fits, the other lies aside by
the same amount everywhere. That is a step, not drift, and the operator must see where it is.
"""

from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.sync_coarse import SegmentPeak
from ruach_studio.kernel.timebase import clock_text

CLEAR_Z = 8.0
LEAST_STEP_S = 0.040
MOST_STEP_S = 10.0
SAME_S = 0.040
LEAST_SEGMENTS = 2


@dataclass(frozen=True, slots=True)
class Step:
    """Near query time `at_s` the reference gains `jump_ms` at once: missing from the query (below 0: doubled in it)."""

    at_s: float
    jump_ms: float

    def sentence(self) -> str:
        """Say it for a person."""
        kind = "missing" if self.jump_ms > 0 else "doubled"
        return f"near {clock_text(self.at_s)} the recording jumps: {abs(self.jump_ms):.0f} ms of sound seem to be {kind}"


def find_step(peaks: list[SegmentPeak], offset_s: float, slope: float) -> Step | None:
    """Return the step on one side of which the clear segments fit the line, or None."""
    clear = [peak for peak in peaks if peak.z >= CLEAR_Z]
    if not clear:
        return None
    when = np.array([p.query_s for p in clear])
    error = np.array([p.lag_s for p in clear]) - offset_s - slope * when
    fits, aside = when[np.abs(error) < LEAST_STEP_S], (np.abs(error) >= LEAST_STEP_S) & (np.abs(error) <= MOST_STEP_S)
    if not len(fits) or aside.sum() < LEAST_SEGMENTS:
        return None
    jump = float(np.median(error[aside]))
    same = aside & (np.abs(error - jump) < SAME_S)
    if same.sum() < LEAST_SEGMENTS or same.sum() < 0.5 * aside.sum():
        return None
    before, after = when[same & (when < fits.min())], when[same & (when > fits.max())]
    if len(after) >= LEAST_SEGMENTS and len(after) >= len(before):
        return Step(float((fits.max() + after.min()) / 2), jump * 1e3)
    if len(before) >= LEAST_SEGMENTS:
        return Step(float((before.max() + fits.min()) / 2), -jump * 1e3)
    return None
