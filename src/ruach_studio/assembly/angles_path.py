"""Turn a cost per camera and window into the cheapest sequence of shots, none shorter than the minimum.

Minimum-duration Viterbi: V_c(t) = min(V_c(t-1) + cost_c(t), min over k != c of V_k(t-D) + cut + cost_c(t-D+1 .. t)),
D = windows of a minimum shot. A shot therefore cannot be shorter than D, whatever the costs say. Because V(t) looks
back a whole D, D windows are solved at once with a running minimum: an hour of 100 ms windows takes some ten
milliseconds. Counterpart: `angles_v2.py` makes the costs and reads the path.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask

# From this price on, a "cut" from a camera to itself always costs more than staying, so it need not be left out.
DEAR_CUT = 1e-3
_PIECE = 256  # blocks of which everything is kept at once


@dataclass(frozen=True, slots=True)
class Sums:
    """What a path of any price of a cut asks of the costs; D windows make a block.

    `total`, (n_blocks, cameras, D): what each camera costs from the beginning up to each window. What fills up the last
    block repeats its last total.
    """

    total: Levels


def sums_of(cost: Levels, minimum: int) -> Sums:
    """Return the sums of `cost` (n_windows, n_cameras) in blocks of `minimum` windows: steps then run along memory."""
    windows, cameras = cost.shape
    count = -(-windows // minimum)
    running = np.empty((cameras, count * minimum))
    np.cumsum(cost.T, axis=1, out=running[:, :windows])
    running[:, windows:] = running[:, windows - 1 : windows]
    total = np.ascontiguousarray(running.reshape(cameras, count, minimum).transpose(1, 0, 2))
    return Sums(total)


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
    total = sums.total
    count = len(total) - 1
    # best[b, c, t]: cheapest way to have covered the windows up to t with c on screen and its shot at least D long.
    best = np.empty((count + 1, cameras, minimum))
    best[0, :, :-1] = np.inf
    best[0, :, -1] = total[0, :, -1]
    is_new = np.empty((count, cameras, minimum), dtype=bool)
    paid = np.full(minimum, cut)
    for low in range(0, count, _PIECE):
        high = min(count, low + _PIECE)
        _some_blocks(best[low : high + 1], total[low : high + 1], paid, is_new[low:high])
    return _walk_back(best, is_new, windows)


def _some_blocks(best: Levels, totals: Levels, paid: Levels, is_new: Mask) -> None:
    """Fill `best` from its second block on, and say where a shot that has just become D long is the cheapest way there.

    `totals`: those of the same blocks. `paid`: the price of a cut, D times.
    """
    count, cameras, minimum = is_new.shape
    ends, total = totals[:-1, :, -1], totals[1:]
    shown = total - totals[:-1]  # what the last D windows of each camera cost
    dear = bool(paid[0] >= DEAR_CUT)
    price = np.empty((count, 1 if dear else cameras, minimum))  # of having cut away from another, D ago
    # In units of "minus what staying on c costs" (less total[t]) staying is free, so a running minimum decides:
    stay = np.empty((count, cameras, minimum))  # the cheapest that is on c after t,
    stayed = np.empty((count, cameras))  # and after the block before
    fresh = np.empty((cameras, minimum))
    entry, minimum_of = fresh[:, 0], np.minimum
    reduce, accumulate, add, subtract = np.minimum.reduce, np.minimum.accumulate, np.add, np.subtract
    each = zip(
        best[:-1], best[:-1, :, -1], ends, best[1:], price, price[:, 0], shown, total, stay, stayed, strict=True
    )  # fmt: skip
    for before, last, end, now, from_other, row, length, until, on, first in each:
        if dear:
            reduce(before, 0, None, row)
        else:
            from_other[:] = _price_of_other(before)
        add(from_other, paid, from_other)
        add(from_other, length, fresh)
        subtract(fresh, until, fresh)  # a shot that has just become D long
        subtract(last, end, first)
        minimum_of(entry, first, out=entry)
        accumulate(fresh, 1, None, on)
        add(on, until, now)
    became = shown + price
    became -= total
    np.isfinite(became, out=is_new)
    is_new[:, :, 1:] &= became[:, :, 1:] <= stay[:, :, :-1]
    is_new[:, :, 0] &= became[:, :, 0] <= stayed


def _price_of_other(before: Levels) -> Levels:
    """For each window (column) and camera c return the price of the cheapest other camera."""
    two = np.partition(before, 1, axis=0)
    return np.where(before == two[:1], two[1:2], two[:1])


def _walk_back(best: Levels, is_new: Mask, windows: int) -> Counts:
    _, cameras, minimum = best.shape
    path = np.zeros(windows, dtype=np.int64)
    # Where a shot on each camera has just become D long: at D, and where that was cheaper than staying.
    entered = [_entered(is_new[:, c].reshape(-1), minimum) for c in range(cameras)]
    at, camera = windows, int(np.argmin(best[(windows - 1) // minimum, :, (windows - 1) % minimum]))
    while True:
        mine = entered[camera]
        start = int(mine[mine.searchsorted(np.int32(at), "right") - 1]) - minimum  # of its own type, or all is copied
        path[start:at] = camera
        if start <= 0:
            return path
        before = best[(start - 1) // minimum, :, (start - 1) % minimum].tolist()
        before[camera] = np.inf
        at, camera = start, before.index(min(before))  # the cheapest other camera; of equal ones the first


def _entered(is_new: Mask, minimum: int) -> npt.NDArray[np.int32]:
    at = np.flatnonzero(is_new).astype(np.int32)  # half the memory: a window in two is one
    at += minimum + 1
    return np.concatenate((np.array([minimum], np.int32), at))
