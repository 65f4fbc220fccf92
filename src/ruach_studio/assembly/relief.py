"""Turn a shot that is too long into one with a look elsewhere: soft cost growth, reaction and wide shots in variety.

Beyond the maximum, each further second of the same shot costs more (0.1 x seconds squared, in seconds of wrong picture). A
cutaway costs what it shows wrongly and two cuts, and 0.5 more if the last cutaway showed the same. It is put where the sum
is least, so that it falls into a pause or under a listener's word, and left out where staying is cheaper: a maximum is a
wish, not a rotation. Counterpart: angles_path.py found the shots; angles_targets.py chooses the camera.
"""

from itertools import pairwise

import numpy as np

from ruach_studio.assembly.angles_shot import AngleOptions, Counts, Levels

GROWTH = 0.1
SAME_AGAIN = 0.5
IMPOSSIBLE = 100.0  # seconds of wrong picture per second: a camera that is not recording


def relieve(
    path: Counts, cost: Levels, options: AngleOptions, window_s: float, minimum: int
) -> tuple[Counts, frozenset[int]]:
    """Return the path with cutaways, and the windows at which they start. `cost` is per window, `path` per window."""
    if options.max_shot_s is None or cost.shape[1] < 2:
        return path, frozenset()
    relieved, starts = path.copy(), set()
    length = max(minimum, round(options.cutaway_s / window_s))
    longest = round(options.max_shot_s / window_s)
    total = np.vstack([np.zeros(cost.shape[1]), np.cumsum(cost, axis=0)])
    edges = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(path))), path.size]
    last = -1
    for first, end in pairwise(edges):
        start, shown = first, int(path[first])
        others = [c for c in range(cost.shape[1]) if c != shown]
        while end - start > longest:
            at = np.arange(start + max(minimum, longest // 2), end - minimum - length + 1)
            if not at.size:
                break
            spans = total[at + length] - total[at]
            price = spans[:, others] - spans[:, [shown]] + 2 * options.pace_s
            price += np.array([SAME_AGAIN if c == last else 0.0 for c in others])
            late_s = np.maximum(at - start - longest, 0) * window_s
            price = np.round(price + GROWTH * late_s[:, None] ** 2, 6)
            row, which = np.unravel_index(int(np.argmin(price)), price.shape)
            staying = GROWTH * ((end - start - longest) * window_s) ** 2
            best = float(price[row, which])
            if best >= staying or best >= IMPOSSIBLE * length * window_s:
                break
            begin, last = int(at[row]), others[int(which)]
            relieved[begin : begin + length] = last
            starts.add(begin)
            start = begin + length
    return relieved, frozenset(starts)
