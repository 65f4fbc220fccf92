"""Turn a cost per camera and window into the cheapest sequence of shots, none shorter than the minimum.

Minimum-duration Viterbi: V_c(t) = min(V_c(t-1) + cost_c(t), min over k != c of V_k(t-D) + cut + cost_c(t-D+1 .. t)),
D = windows of a minimum shot. A shot therefore cannot be shorter than D, whatever the costs say. Because V(t) looks
back a whole D, D windows are solved at once with a running minimum: an hour of 100 ms windows takes some ten
milliseconds. Counterpart: `angles_v2.py` makes the costs and reads the path.
"""

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels


def cheapest_path(cost: Levels, *, minimum: int, cut: float) -> Counts:
    """Return the camera index per window, (n_windows,), of the cheapest path.

    `cost` is (n_windows, n_cameras), finite; `minimum` >= 1 windows; `cut` is the price of a cut. With fewer windows
    than `minimum` there is one shot. On equal cost the later cut and the earlier camera win, so that the result is
    one and the same everywhere.
    """
    windows, cameras = cost.shape
    total = np.vstack([np.zeros(cameras), np.cumsum(cost, axis=0)])  # total[t] = cost of windows before t
    if windows < 2 * minimum or cameras == 1:
        return np.full(windows, int(np.argmin(total[-1])), dtype=np.int64)
    # best[t, c]: cheapest way to have covered the windows before t with c on screen and its shot at least D long.
    best = np.full((windows + 1, cameras), np.inf)
    # In units of "minus what staying on c costs" (less total[t]) staying is free, so a running minimum decides:
    fresh = np.full((windows + 1, cameras), np.inf)  # a shot that has just become D long
    stay = np.full((windows + 1, cameras), np.inf)  # the cheapest that was there already
    best[minimum] = total[minimum]
    shown = total[minimum:] - total[:-minimum]
    for low in range(minimum + 1, windows + 1, minimum):
        high = min(low + minimum, windows + 1)
        earlier = best[low - minimum : high - minimum]
        two = np.partition(earlier, 1, axis=1)
        price = np.where(earlier == two[:, :1], two[:, 1:2], two[:, :1])  # of the cheapest other camera
        price += cut
        price += shown[low - minimum : high - minimum]
        block = fresh[low:high]
        np.subtract(price, total[low:high], out=block)
        running = np.empty((high - low + 1, cameras))
        running[0] = best[low - 1] - total[low - 1]
        running[1:] = block
        np.minimum.accumulate(running, axis=0, out=running)
        stay[low:high] = running[:-1]
        np.add(running[1:], total[low:high], out=best[low:high])
    is_new = (fresh <= stay) & np.isfinite(fresh)
    is_new[minimum] = True
    entered = np.maximum.accumulate(np.where(is_new, np.arange(windows + 1)[:, None], 0), axis=0)
    came_from = np.full((windows + 1, cameras), -1, dtype=np.int64)
    came_from[minimum + 1 :] = _other(best[1 : windows + 1 - minimum])
    return _walk_back(best, entered, came_from, minimum)


def _other(before: Levels) -> Counts:
    """For each row and camera c return the cheapest other camera; of equal ones the first."""
    order = np.argsort(before, axis=1, kind="stable")
    return np.where(order[:, :1] == np.arange(before.shape[1])[None, :], order[:, 1:2], order[:, :1])


def _walk_back(best: Levels, entered: Counts, came_from: Counts, minimum: int) -> Counts:
    windows = best.shape[0] - 1
    path = np.zeros(windows, dtype=np.int64)
    at, camera = windows, int(np.argmin(best[windows]))
    while at > 0:
        since = int(entered[at, camera])
        start = since - minimum
        path[start:at] = camera
        at, camera = start, int(came_from[since, camera])
    return path
