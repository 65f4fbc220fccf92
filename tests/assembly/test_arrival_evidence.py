"""What a voice leaves at the lags of others is taken out of them, and two who really speak stay two."""

import numpy as np
import pytest

from ruach_studio.assembly.arrival_evidence import unleaked

LEAK = np.array([[1.0, 0.0, 0.35], [0.1, 1.0, 0.0], [0.3, 0.05, 1.0]])


def test_leaks_are_taken_out():
    rng = np.random.default_rng(3)
    said = np.repeat(np.eye(3), 60, axis=0) * rng.uniform(0.7, 1.1, (180, 1))
    both = np.tile([0.6, 0.0, 0.55], (20, 1))
    strength = np.vstack([said, both]) @ LEAK.T + rng.uniform(0.0, 0.02, (200, 3))
    clean = unleaked(strength)
    assert strength[:60, 2].min() > 0.2
    assert np.delete(clean[:60], 0, axis=1).max() < 0.08
    assert clean[:180].argmax(axis=1).tolist() == np.repeat([0, 1, 2], 60).tolist()
    assert clean[180:].mean(axis=0) == pytest.approx([0.6, 0.0, 0.55], abs=0.06)


def test_who_never_clearly_speaks_teaches_no_leak():
    strength = np.random.default_rng(4).uniform(0.0, 0.4, (100, 3))
    assert unleaked(strength) == pytest.approx(strength, abs=1e-9)
