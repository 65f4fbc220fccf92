"""Turn a cost per camera and window into the cheapest sequence of shots, none shorter than the minimum.

Minimum-duration Viterbi: V_c(t) = min(V_c(t-1) + cost_c(t), min over k != c of V_k(t-D) + cut + cost_c(t-D+1 .. t)),
D = windows of a minimum shot. A shot therefore cannot be shorter than D, whatever the costs say. Because V(t) looks
back a whole D, D windows are solved at once with a running minimum: an hour of 100 ms windows takes some ten
milliseconds. Counterpart: `angles_v2.py` makes the costs and reads the path.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask

# From this price on, a "cut" from a camera to itself always costs more than staying, so it need not be left out.
DEAR_CUT = 1e-3
_PIECE = 256  # blocks of which everything is kept at once

Ranks = npt.NDArray[np.uint8]


def _sums(cost: Levels, minimum: int) -> Iterator[Levels]:
    """Yield what each camera costs from the beginning up to each window, (blocks, cameras, D + 1); D windows make a block.

    Column 0 is the last of the block before (0 in the first). What fills up the last block repeats its last total. The first
    piece is the first block alone, each other one begins with the last block of the piece before: all of them together would
    take as much memory as the costs.
    """
    block = _summed(cost[:minimum], np.zeros((1, cost.shape[1], minimum + 1)))[1:]
    yield block
    for low in range(minimum, len(cost), _PIECE * minimum):
        piece = _summed(cost[low : low + _PIECE * minimum], block)
        yield piece
        block = piece[-1:].copy()


def _summed(cost: Levels, before: Levels) -> Levels:
    """Return the block `before`, and behind it the sums of some windows' costs that go on from it."""
    (windows, cameras), minimum = cost.shape, before.shape[2] - 1
    blocks = -(-windows // minimum)
    running = np.empty((cameras, blocks * minimum + 1))
    running[:, 0], running[:, 1 : windows + 1] = before[0, :, -1], cost.T
    np.cumsum(running[:, : windows + 1], axis=1, out=running[:, : windows + 1])
    running[:, windows + 1 :] = running[:, windows : windows + 1]
    total = np.empty((blocks + 1, cameras, minimum + 1))
    total[0], total[1:, :, 0] = before[0], running[:, :-1:minimum].T
    total[1:, :, 1:] = running[:, 1:].reshape(cameras, blocks, minimum).transpose(1, 0, 2)
    return total


def cheapest_path(cost: Levels, *, minimum: int, cut: float) -> Counts:
    """Return the camera index per window, (n_windows,), of the cheapest path.

    `cost` is (n_windows, n_cameras), finite; `minimum` >= 1 windows; `cut` is the price of a cut. With fewer windows
    than `minimum` there is one shot. On equal cost the later cut and the earlier camera win, so that the result is
    one and the same everywhere.
    """
    windows, cameras = cost.shape
    if windows < 2 * minimum or cameras == 1:
        return np.full(windows, int(np.argmin(np.cumsum(cost, axis=0)[-1])), dtype=np.int64)
    # What fills up the last block is decided too, and left out again: it comes after all that counts.
    return _walk_back(*_solved(cost, minimum, cut), windows)


def _solved(cost: Levels, minimum: int, cut: float) -> tuple[Mask, Ranks]:
    """Return where a new shot is the cheapest way, as `is_new`, and which cameras are the cheapest there, as `ranks`.

    `is_new`, (cameras, n_blocks, D): whether a shot that has just become D long is the cheapest; where both are equal it
    is. `ranks`, (2, n_blocks, D): the camera with the cheapest way to the window, and the next one; of equal ones the first.

    `stay`: the cheapest way to have covered the windows up to t with c on screen and its shot at least D long, less the
    camera's total. In these units staying on c is free, so a running minimum decides.
    """
    windows, cameras = cost.shape
    count, columns = -(-windows // minimum), minimum + 1
    pieces = _sums(cost, minimum)
    is_new, ranks = np.zeros((cameras, count, minimum), dtype=bool), np.zeros((2, count, minimum), np.uint8)
    here = np.full((cameras, columns), np.inf)
    here[:, -1] = next(pieces)[0, :, -1]
    _rank(here[None], ranks[:, :1])
    paid, price = np.full(columns, cut), np.empty(columns)
    last, dear = here[:, -1], cut >= DEAR_CUT
    fresh, shown, on = (np.empty((min(count, _PIECE), cameras, columns)) for _ in range(3))
    better = np.empty(fresh.shape, dtype=bool)
    views = list(zip(fresh, fresh[:, :, 0], shown, on, strict=True))
    reduce: Callable[..., object] = np.minimum.reduce  # by place: by name takes longer
    accumulate, add, subtract = np.minimum.accumulate, np.add, np.subtract
    for low, piece in zip(range(1, count, _PIECE), pieces, strict=True):
        some, total = slice(low, min(count, low + _PIECE)), piece[1:]
        size = len(total)
        subtract(total, piece[:-1], shown[:size])  # what the last D windows of each camera cost
        for (new, before, length, running), until in zip(views, total, strict=False):
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
        # In one row, and then without column 0: a fifth of the time of comparing row by row.
        np.less_equal(fresh[:size].reshape(-1)[1:], on[:size].reshape(-1)[:-1], out=better[:size].reshape(-1)[1:])
        is_new[:, some] = better[:size, :, 1:].transpose(1, 0, 2)
        _rank(add(on[:size], total, shown[:size]), ranks[:, some])
    is_new[:, 1, :-1] = False  # no cut before the first shot is D long: infinite on both sides
    return is_new, ranks


def _rank(reach: Levels, ranks: Ranks) -> None:
    """Write the cheapest and the next camera of `reach`, (n_blocks, cameras, D + 1), to `ranks`, (2, n_blocks, D)."""
    blocks, cameras, columns = reach.shape
    best, worse = reach[:, 0].copy(), np.full((blocks, columns), np.inf)
    first, second = np.zeros((blocks, columns), np.uint8), np.ones((blocks, columns), np.uint8)
    for camera in range(1, cameras):
        way = reach[:, camera].copy()
        wins, places = (way < best).view(np.uint8), (way < worse).view(np.uint8)
        np.minimum(worse, np.maximum(best, way), out=worse)
        np.minimum(best, way, out=best)
        # A choice by sums of bytes, which wrap round: a fifth of the time of copying where a mask is true.
        second += places * (np.uint8(camera) - second)
        second += wins * (first - second)
        first += wins * (np.uint8(camera) - first)
    ranks[0], ranks[1] = first[:, 1:], second[:, 1:]


def _price_of_other(before: Levels) -> Levels:
    """For each window (column) and camera c return the price of the cheapest other camera."""
    two = np.partition(before, 1, axis=0)
    return np.where(before == two[:1], two[1:2], two[:1])


def _walk_back(is_new: Mask, ranks: Ranks, windows: int) -> Counts:
    minimum = is_new.shape[2]
    became = [row.tobytes() for row in is_new]  # one byte a window: whether a shot has just become D long with it
    cheapest, next_one = (row.tobytes() for row in ranks)
    at, camera = windows, -1
    cameras, lengths = list[int](), list[int]()
    while at > 0:
        best = cheapest[at - 1]
        camera = best if best != camera else next_one[at - 1]  # the cheapest other camera
        start = max(became[camera].rfind(1, 0, at) + 1 - minimum, 0)
        cameras.append(camera)
        lengths.append(at - start)
        at = start
    return np.repeat(np.array(cameras[::-1], dtype=np.int64), lengths[::-1])
