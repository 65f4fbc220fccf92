"""Where a frame belongs is the same whether its stamp was the one that was due or had to be worked out."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from ruach_studio.infra.media.decode import _Clock

RATE = 48000
INFO = SimpleNamespace(local_zero_s=0.25, container_start_s=0.0, duration_s=60.0)  # sound begins 0.25 s before the picture


def frames(seed):
    """Return frames that mostly follow one another; some jitter, jump ahead, lie over what was there, or have no stamp."""
    rng = np.random.default_rng(seed)
    at, made = int(rng.integers(0, 20000)), []
    for _ in range(60):
        at += int(rng.choice([0, 0, 0, 0, 0, 300, -300, 5000, -5000, -60000, 4_000_000]))
        stamp = None if rng.random() < 0.05 else at
        made.append(SimpleNamespace(pts=stamp, samples=1024, time_base=Fraction(1, RATE)))
        at += 1024
    return made


@pytest.mark.parametrize("seed", range(40))
def test_a_stamp_that_was_due_changes_nothing(seed):
    quick, plain = _Clock(RATE, INFO), _Clock(RATE, INFO)
    assert [quick.place(frame) for frame in frames(seed)] == [plain._place(frame) for frame in frames(seed)]


def test_what_lies_over_sound_that_was_kept_is_skipped_to_its_end():
    clock = _Clock(RATE, SimpleNamespace(local_zero_s=0.0, container_start_s=0.0, duration_s=60.0))
    stamps = [0, 1024, 2048, -1000, 24, 1048, 2072, 3096]
    placed = [clock.place(SimpleNamespace(pts=at, samples=1024, time_base=Fraction(1, RATE))) for at in stamps]
    assert placed[:3] == [(0, 0), (1024, 0), (2048, 0)]
    assert [skip for _, skip in placed[3:6]] == [1024, 1024, 1024]
    assert placed[7][0] == 3096
