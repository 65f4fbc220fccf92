"""A recording that jumps is loud where its pieces say, and not recording where sound was lost."""

import numpy as np

from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.energy import energy_matrix
from ruach_studio.assembly.sync import Piece, Placement


def levels(second_offset_s):
    """Return 100 ms levels: quiet, a burst at 50.0 to 51.0 s of local time; the jump is at 40 s."""
    power = np.full((10_000, 1), 1e-6, np.float32)
    power[5000:5100] = 1e-2
    digest = AudioDigest(48_000, 1, 100.0, np.empty(0, np.int16), power)
    pieces = (Piece(0.0, 10.0), Piece(40.0, second_offset_s))
    placed = Placement("B", 0, second_offset_s, 0.0, 0.7, "review-suggested", 1.0, pieces=pieces)
    return energy_matrix({"B": [digest]}, [placed], 100, 120.0).dbfs[:, 0]


def test_after_a_loss_everything_lies_later_and_the_hole_is_not_recorded():
    found = levels(10.5)
    assert np.flatnonzero(found > -40).tolist() == list(range(605, 615))
    assert np.flatnonzero(np.isnan(found[150:600])).tolist() == [350, 351, 352, 353, 354]  # 50.0 to 50.5 s


def test_after_doubled_sound_everything_lies_earlier_and_no_hole_is_left():
    found = levels(9.5)
    assert np.flatnonzero(found > -40).tolist() == list(range(595, 605))
    assert not np.isnan(found[150:600]).any()
