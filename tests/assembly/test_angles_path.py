"""The vectorised path is the true optimum: compared with a search through every possible sequence of shots."""

from functools import cache

import numpy as np
import pytest

from ruach_studio.assembly.angles_path import cheapest_path


def cheapest_by_search(cost, minimum, cut):
    windows, cameras = cost.shape
    total = np.vstack([np.zeros(cameras), np.cumsum(cost, 0)])

    @cache
    def onward(start, camera):
        best = total[windows, camera] - total[start, camera] if windows - start >= minimum or start == 0 else np.inf
        for end in range(start + minimum, windows - minimum + 1):
            for other in range(cameras):
                if other != camera:
                    best = min(best, total[end, camera] - total[start, camera] + cut + onward(end, other))
        return best

    return min(onward(0, camera) for camera in range(cameras))


@pytest.mark.parametrize("seed", range(60))
def test_optimal_and_never_shorter_than_the_minimum(seed):
    rng = np.random.default_rng(seed)
    windows, cameras, minimum = int(rng.integers(1, 40)), int(rng.integers(1, 4)), int(rng.integers(1, 7))
    cost = rng.random((windows, cameras)) if seed % 2 else rng.integers(0, 2, (windows, cameras)).astype(float)
    path = cheapest_path(cost, minimum=minimum, cut=0.3)
    lengths = np.diff(np.r_[0, np.flatnonzero(np.diff(path)) + 1, windows])
    price = cost[np.arange(windows), path].sum() + 0.3 * (lengths.size - 1)
    assert lengths.min() >= min(minimum, windows)
    assert price == pytest.approx(cheapest_by_search(cost, minimum, 0.3), abs=1e-9)


def plain_path(cost, *, minimum, cut):
    """The rule in its plain form, as it was before it was made quick."""
    windows, cameras = cost.shape
    total = np.vstack([np.zeros(cameras), np.cumsum(cost, axis=0)])
    if windows < 2 * minimum or cameras == 1:
        return np.full(windows, int(np.argmin(total[-1])), dtype=np.int64)
    best = np.full((windows + 1, cameras), np.inf)
    fresh = np.full((windows + 1, cameras), np.inf)
    stay = np.full((windows + 1, cameras), np.inf)
    best[minimum] = total[minimum]
    shown = total[minimum:] - total[:-minimum]
    for low in range(minimum + 1, windows + 1, minimum):
        high = min(low + minimum, windows + 1)
        earlier = best[low - minimum : high - minimum]
        two = np.partition(earlier, 1, axis=1)
        price = np.where(earlier == two[:, :1], two[:, 1:2], two[:, :1])
        block = price + cut + shown[low - minimum : high - minimum] - total[low:high]
        running = np.minimum.accumulate(np.vstack([best[low - 1] - total[low - 1], block]), axis=0)
        fresh[low:high], stay[low:high] = block, running[:-1]
        best[low:high] = running[1:] + total[low:high]
    is_new = (fresh <= stay) & np.isfinite(fresh)
    is_new[minimum] = True
    entered = np.maximum.accumulate(np.where(is_new, np.arange(windows + 1)[:, None], 0), axis=0)
    path = np.zeros(windows, dtype=np.int64)
    at, camera = windows, int(np.argmin(best[windows]))
    while at > 0:
        since = int(entered[at, camera])
        start = since - minimum
        path[start:at] = camera
        if start > 0:
            order = np.argsort(best[start], kind="stable")
            camera = int(order[1] if order[0] == camera else order[0])
        at = start
    return path


@pytest.mark.parametrize("cut", [0.0, 1e-4, 1e-3, 0.3, 2.0])
@pytest.mark.parametrize("kind", ["any", "0 or 1", "hundredths", "a camera that does not record"])
def test_the_same_windows_as_the_plain_rule(kind, cut):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        windows, cameras, minimum = int(rng.integers(1, 300)), int(rng.integers(1, 7)), int(rng.integers(1, 25))
        cost = 0.1 * rng.random((windows, cameras))
        if kind == "0 or 1":
            cost = rng.integers(0, 2, (windows, cameras)).astype(float)
        if kind == "hundredths":
            cost = np.round(cost, 2)
        if kind == "a camera that does not record":
            cost[windows // 3 : windows // 2, 0] = 100.0
        wanted = plain_path(cost, minimum=minimum, cut=cut)
        assert np.array_equal(cheapest_path(cost, minimum=minimum, cut=cut), wanted)
