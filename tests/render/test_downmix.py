import numpy as np
import pytest

from ruach_studio.render.downmix import downmix

HALF = 0.70710678


@pytest.mark.parametrize(
    ("positions", "left", "right"),
    [
        (["FC"], [1], [1]),
        (["FL", "FR"], [1, 0], [0, 1]),
        (["NONE", "NONE"], [1, 0], [0, 1]),
        (["NONE"] * 4, [0.25] * 4, [0.25] * 4),
        (["FL", "FR", "FC", "LFE", "BL", "BR"], [1, 0, HALF, 0, HALF, 0], [0, 1, HALF, 0, 0, HALF]),
        (["FL", "FR", "FC", "LFE", "SL", "SR"], [1, 0, HALF, 0, HALF, 0], [0, 1, HALF, 0, 0, HALF]),
        (["FL", "FR", "FC", "BC"], [1, 0, HALF, 0.5], [0, 1, HALF, 0.5]),
        (["FL", "FR", "TFL"], [1, 0, 0.5], [0, 1, 0.5]),
    ],
)
def test_each_channel_gives_its_share(positions, left, right):
    np.testing.assert_allclose(downmix(positions), np.array([left, right]).T, rtol=1e-6)
