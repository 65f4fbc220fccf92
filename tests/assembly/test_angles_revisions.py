"""What `angle-v2` decided before it had a revision is decided again, bit for bit, from what was stored."""

import json
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.assembly.angles import select_again, select_angles
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.kernel.hashing import inputs_hash, plain

STORED = json.loads((Path(__file__).parents[1] / "golden" / "angles" / "angle_v2_first_revision.json").read_text())


def matrix_of(stored):
    levels = [[np.nan if level is None else level for level in row] for row in stored["levels"]]
    return EnergyMatrix(100, tuple(stored["cameras"]), np.array(levels, dtype=np.float32))


@pytest.mark.parametrize("stored", STORED)
def test_old_inputs_give_the_old_shots_words_and_hashes(stored):
    plan = select_again(stored["inputs"], matrix_of(stored))
    shots = [
        [s.start_s, s.end_s, s.camera, s.reason, s.confidence, list(s.verdict.reasons), s.verdict.inputs_hash]
        for s in plan.shots
    ]
    assert shots == stored["shots"]
    assert inputs_hash(plan.inputs) == stored["shots"][0][-1]


@pytest.mark.parametrize("ruleset", ["angle-v1", "angle-v2"])
def test_new_inputs_say_their_revision_and_give_the_same_plan_again(ruleset):
    stored = STORED[0]
    plan = select_angles(matrix_of(stored), ruleset=ruleset, wide="W")
    assert plan.inputs.get("revision") == (2 if ruleset == "angle-v2" else None)
    assert select_again(json.loads(json.dumps(plain(plan.inputs))), matrix_of(stored)).shots == plan.shots
