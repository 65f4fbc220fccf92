"""The numbers of all shots in one pass are those of each shot by itself, to the bit."""

from itertools import pairwise

import numpy as np
import pytest

from ruach_studio.assembly.angles import AngleOptions
from ruach_studio.assembly.angles_shot import Scene
from ruach_studio.assembly.angles_spans import ACTIVE, spans_of
from ruach_studio.assembly.angles_targets import Take
from ruach_studio.assembly.angles_weigh import weigh
from ruach_studio.assembly.energy import EnergyMatrix


def scene_of(seed):
    rng = np.random.default_rng(seed)
    level = rng.normal(-55.0, 2.0, (900, 4))
    for start in range(0, 900, 30):
        level[start : start + 25, int(rng.integers(0, 3))] = rng.normal(-20.0, 6.0, 25)
    level[300:380, int(rng.integers(0, 3))] = np.nan
    level[500:560, :2] = np.nan
    names = ("A", "B", "C", "W")
    matrix = EnergyMatrix(100, names, level.astype(np.float32))
    return Scene(matrix, 90.0, (("A", "A"), ("B", "B"), ("C", "C")), "W", AngleOptions(), names, revision=2)


@pytest.mark.parametrize("seed", range(6))
def test_each_number_is_that_of_the_shot_alone(seed):
    w = weigh(scene_of(seed))
    rng = np.random.default_rng(seed)
    edges = [0, *sorted(int(at) for at in rng.choice(np.arange(1, 900), 40, replace=False)), 900]
    takes = []
    for start, end in pairwise(edges):
        target = int(rng.integers(0, len(w.targets)))
        takes.append(Take(start, end, target, w.targets[target].cameras[0]))
    told = spans_of(w, takes, 0.1)
    for i, take in enumerate(takes):
        span = slice(take.start, take.end)
        talking = np.flatnonzero(w.active[span] >= ACTIVE)
        assert told.gap[i] == float(w.gap[span].mean())
        assert told.together[i] == int(w.together[span].sum())
        assert told.idle[i] == float((w.active[span] < ACTIVE).mean())
        assert told.talking[i] == talking.size
        assert all(told.films[camera][i] == bool(films[span].all()) for camera, films in w.films.items())
        members = list(w.targets[take.target].speakers)
        if not members or not talking.size:
            assert np.isnan(told.margin[i])
            assert told.clearest[i] == -1
            continue
        others = [s for s in range(3) if s not in members]
        share = w.share[span][talking]
        assert told.margin[i] == float((share[:, members].sum(axis=1) - share[:, others].max(axis=1)).mean())
        early = take.start + talking[:20]
        rivals = np.where(w.heard[early][:, others], w.level_db[early][:, others], -np.inf).max(axis=1)
        lead = w.level_db[early][:, members].max(axis=1) - rivals
        known = np.flatnonzero(np.isfinite(lead))
        assert told.clearest[i] == (int(early[known[np.argmax(lead[known])]]) if known.size else -1)
