"""Turn a cost per camera and window into the cheapest sequence of shots, none shorter than the minimum.

Minimum-duration Viterbi: V_c(t) = min(V_c(t-1) + cost_c(t), min over k != c of V_k(t-D) + cut + cost_c(t-D+1 .. t)),
D = windows of a minimum shot. A shot therefore cannot be shorter than D, whatever the costs say. Because V(t) looks
back a whole D, D windows are solved at once with a running minimum: an hour of 100 ms windows takes some ten
milliseconds. Counterpart: `angles_v2.py` makes the costs and reads the path.
"""

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask

# From this price on, a "cut" from a camera to itself always costs more than staying, so it need not be left out.
DEAR_CUT = 1e-3


def cheapest_path(cost: Levels, *, minimum: int, cut: float) -> Counts:
    """Return the camera index per window, (n_windows,), of the cheapest path.

    `cost` is (n_windows, n_cameras), finite; `minimum` >= 1 windows; `cut` is the price of a cut. With fewer windows
    than `minimum` there is one shot. On equal cost the later cut and the earlier camera win, so that the result is
    one and the same everywhere.
    """
    windows, cameras = cost.shape
    total = np.zeros((windows + 1, cameras))  # total[t] = cost of windows before t
    np.cumsum(cost, axis=0, out=total[1:])
    if windows < 2 * minimum or cameras == 1:
        return np.full(windows, int(np.argmin(total[-1])), dtype=np.int64)
    # best[t, c]: cheapest way to have covered the windows before t with c on screen and its shot at least D long.
    best = np.empty((windows + 1, cameras))
    best[:minimum] = np.inf
    best[minimum] = total[minimum]
    shown = total[minimum:] - total[:-minimum]
    price = np.empty((windows + 1, 1 if cut >= DEAR_CUT else cameras))  # of having cut away from another, D ago
    # In units of "minus what staying on c costs" (less total[t]) staying is free, so a running minimum decides:
    stay = np.empty((windows + 2, cameras))  # stay[t]: the cheapest that was on c before t
    price[: minimum + 1] = stay[: minimum + 1] = np.inf
    reduce, accumulate, add, subtract = np.minimum.reduce, np.minimum.accumulate, np.add, np.subtract
    for low in range(minimum + 1, windows + 1, minimum):
        high, since, until = min(low + minimum, windows + 1), low - minimum, min(low, windows + 1 - minimum)
        from_other = price[low:high]
        if cut >= DEAR_CUT:
            reduce(best[since:until], axis=1, keepdims=True, out=from_other)
        else:
            from_other[:] = _price_of_other(best[since:until])
        from_other += cut
        block, covered = stay[low + 1 : high + 1], total[low:high]
        add(from_other, shown[since:until], out=block)
        subtract(block, covered, out=block)  # a shot that has just become D long
        subtract(best[low - 1], total[low - 1], out=stay[low])
        running = stay[low : high + 1]
        accumulate(running, axis=0, out=running)
        add(block, covered, out=best[low:high])
    fresh = price[minimum:] + shown
    fresh -= total[minimum:]
    is_new = np.zeros((windows + 1, cameras), dtype=bool)
    np.less_equal(fresh, stay[minimum:-1], out=is_new[minimum:])
    is_new[minimum:] &= np.isfinite(fresh)
    is_new[minimum] = True
    return _walk_back(best, is_new, minimum)


def _price_of_other(before: Levels) -> Levels:
    """For each row and camera c return the price of the cheapest other camera."""
    two = np.partition(before, 1, axis=1)
    return np.where(before == two[:, :1], two[:, 1:2], two[:, :1])


def _walk_back(best: Levels, is_new: Mask, minimum: int) -> Counts:
    windows = best.shape[0] - 1
    path = np.zeros(windows, dtype=np.int64)
    entered = [np.flatnonzero(column) for column in is_new.T]
    at, camera = windows, int(np.argmin(best[windows]))
    while True:
        mine = entered[camera]
        start = int(mine[np.searchsorted(mine, at, side="right") - 1]) - minimum
        path[start:at] = camera
        if start <= 0:
            return path
        before = best[start].copy()
        before[camera] = np.inf
        at, camera = start, int(np.argmin(before))  # the cheapest other camera; of equal ones the first
