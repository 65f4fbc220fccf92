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
