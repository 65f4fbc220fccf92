"""Turn a cost per camera and window into the cheapest sequence of shots, none shorter than the minimum.

Minimum-duration Viterbi: V_c(t) = min(V_c(t-1) + cost_c(t), min over k != c of V_k(t-D) + cut + cost_c(t-D+1 .. t)),
D = windows of a minimum shot. A shot therefore cannot be shorter than D, whatever the costs say. Because V(t) looks
back a whole D, D windows are solved at once with a running minimum: an hour of 100 ms windows takes some ten
milliseconds. Counterpart: `angles_v2.py` makes the costs and reads the path.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask

# From this price on, a "cut" from a camera to itself always costs more than staying, so it need not be left out.
DEAR_CUT = 1e-3
_PIECE = 256  # blocks of which everything is kept at once


@dataclass(frozen=True, slots=True)
class Sums:
    """What a path of any price of a cut asks of the costs; D windows make a block.

    `total`, (n_blocks, cameras, D + 1): what each camera costs from the beginning up to each window; column 0 is the last
    of the block before (0 in the first). What fills up the last block repeats its last total.
    """

    total: Levels


def sums_of(cost: Levels, minimum: int) -> Sums:
    """Return the sums of `cost` (n_windows, n_cameras) in blocks of `minimum` windows: steps then run along memory."""
    windows, cameras = cost.shape
    running = np.empty((cameras, 1 - (-windows // minimum) * minimum))
    running[:, 0] = 0.0
    np.cumsum(cost.T, axis=1, out=running[:, 1 : windows + 1])
    running[:, windows + 1 :] = running[:, windows : windows + 1]
    blocks = np.lib.stride_tricks.sliding_window_view(running, minimum + 1, axis=1)[:, ::minimum]
    return Sums(np.ascontiguousarray(blocks.transpose(1, 0, 2)))


def cheapest_path(cost: Levels, *, minimum: int, cut: float, sums: Sums | None = None) -> Counts:
    """Return the camera index per window, (n_windows,), of the cheapest path.

    `cost` is (n_windows, n_cameras), finite; `minimum` >= 1 windows; `cut` is the price of a cut. With fewer windows
    than `minimum` there is one shot. On equal cost the later cut and the earlier camera win, so that the result is
    one and the same everywhere. `sums` saves making `sums_of(cost, minimum)` again.
    """
    windows, cameras = cost.shape
    if windows < 2 * minimum or cameras == 1:
        return np.full(windows, int(np.argmin(np.cumsum(cost, axis=0)[-1])), dtype=np.int64)
    # What fills up the last block is decided too, and left out again: it comes after all that counts.
    sums = sums or sums_of(cost, minimum)
    stay, is_new = _solved(sums.total, cut)
    return _walk_back(stay, sums.total, is_new, windows)


def _solved(total: Levels, cut: float) -> tuple[Levels, Mask]:
    """Return the cheapest way to each window, as `stay`, and where a new shot is the way there, as `is_new`.

    `stay`, the shape of `total`: the cheapest way to have covered the windows up to t with c on screen and its shot at
    least D long, less `total`. In these units staying on c is free, so a running minimum decides. `is_new`, (cameras,
    n_blocks, D): whether a shot that has just become D long is the cheapest; where both are equal it is.
    """
    count, cameras, columns = total.shape
    stay, is_new = np.empty(total.shape), np.zeros((cameras, count, columns - 1), dtype=bool)
    stay[0], stay[0, :, -1] = np.inf, 0.0
    here, paid, price = stay[0] + total[0], np.full(columns, cut), np.empty(columns)
    last, dear = here[:, -1], cut >= DEAR_CUT
    fresh, shown, on = (np.empty((min(count, _PIECE), cameras, columns)) for _ in range(3))
    views = list(zip(fresh, fresh[:, :, 0], shown, on, strict=True))
    reduce: Callable[..., object] = np.minimum.reduce  # by place: by name takes longer
    accumulate, add, subtract = np.minimum.accumulate, np.add, np.subtract
    for low in range(1, count, _PIECE):
        some = slice(low, min(count, low + _PIECE))
        size = some.stop - low
        subtract(total[some], total[low - 1 : some.stop - 1], shown[:size])  # what the last D windows of each camera cost
        for (new, before, length, running), until in zip(views, total[some], strict=False):
            # Column 0 is the block before, the others are shots that have just become D long. All in place and of one
            # shape: NumPy takes twice as long to find out how to lay one shape over another.
            if dear:
                reduce(here, 0, None, price)
                add(price, paid, price)
                new[...] = price
            else:
                add(_price_of_other(here), paid, new)
            add(new, length, new)
            before[...] = last
            subtract(new, until, new)
            accumulate(new, 1, None, running)
            add(running, until, here)
        stay[some] = on[:size]
        np.less_equal(fresh[:size, :, 1:], on[:size, :, :-1], out=is_new[:, some].transpose(1, 0, 2))
    is_new[:, 1, :-1] = False  # no cut before the first shot is D long: infinite on both sides
    return stay, is_new


def _price_of_other(before: Levels) -> Levels:
    """For each window (column) and camera c return the price of the cheapest other camera."""
    two = np.partition(before, 1, axis=0)
    return np.where(before == two[:1], two[1:2], two[:1])


def _walk_back(stay: Levels, total: Levels, is_new: Mask, windows: int) -> Counts:
    minimum = is_new.shape[2]
    became = [row.tobytes() for row in is_new]  # one byte a window: whether a shot has just become D long with it
    at, camera = windows, -1
    cameras, lengths = list[int](), list[int]()
    while at > 0:
        block, column = divmod(at - 1, minimum)
        here = (block, slice(None), column + 1)
        best = (stay[here] + total[here]).tolist()
        if camera >= 0:
            best[camera] = math.inf
        camera = best.index(min(best))  # the cheapest other camera; of equal ones the first
        start = max(became[camera].rfind(1, 0, at) + 1 - minimum, 0)
        cameras.append(camera)
        lengths.append(at - start)
        at = start
    return np.repeat(np.array(cameras[::-1], dtype=np.int64), lengths[::-1])
