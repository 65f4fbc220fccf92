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
    entered = np.zeros((windows + 1, cameras), dtype=np.int64)  # the t at which the shot on screen had just become D long
    came_from = np.full((windows + 1, cameras), -1, dtype=np.int64)
    best[minimum] = total[minimum]
    entered[minimum] = minimum
    for low in range(minimum + 1, windows + 1, minimum):
        high = min(low + minimum, windows + 1)
        rows = slice(low, high)
        before = best[low - minimum : high - minimum]
        source, price = _best_other(before)
        fresh = price + cut + (total[rows] - total[low - minimum : high - minimum])
        # In units of "minus what staying on c costs", staying is free: a running minimum over the block decides.
        relative = np.vstack([best[low - 1] - total[low - 1], fresh - total[rows]])
        running = np.minimum.accumulate(relative, axis=0)
        block = np.arange(low - 1, high)[:, None]
        is_new = np.vstack([np.ones((1, cameras), dtype=bool), relative[1:] <= running[:-1]])
        is_new[1:] &= np.isfinite(relative[1:])
        since = np.maximum.accumulate(np.where(is_new, block, 0), axis=0)
        stayed = since == low - 1
        entered[rows] = np.where(stayed, entered[low - 1], since)[1:]
        came_from[rows] = source
        best[rows] = running[1:] + total[rows]
    return _walk_back(best, entered, came_from, minimum)


def _best_other(before: Levels) -> tuple[Counts, Levels]:
    """For each row and camera c return the cheapest other camera and its price."""
    rows = np.arange(before.shape[0])
    first = before.argmin(axis=1)
    rest = before.copy()
    rest[rows, first] = np.inf
    second = rest.argmin(axis=1)
    is_first = first[:, None] == np.arange(before.shape[1])
    source = np.where(is_first, second[:, None], first[:, None])
    price = np.where(is_first, rest[rows, second][:, None], before[rows, first][:, None])
    return source, price


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
