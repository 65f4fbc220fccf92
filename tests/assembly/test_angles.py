"""The door to the rulesets: names are checked, inputs hash what was read and nothing else, plans can be recomputed."""

import numpy as np
import pytest

from ruach_studio.assembly.angles import AngleOptions, energy_hash, select_angles
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash


def matrix(names=("A", "B", "W"), windows=40, window_ms=500):
    rng = np.random.default_rng(3)
    return EnergyMatrix(window_ms, names, rng.uniform(-60, -10, (windows, len(names))).astype(np.float32))


@pytest.mark.parametrize("ruleset", ["angle-v1", "angle-v2"])
def test_every_shot_has_a_verdict_that_hashes_exactly_what_was_read(ruleset):
    plan = select_angles(matrix(), ruleset=ruleset, wide="W")
    assert {s.verdict.inputs_hash for s in plan.shots} == {inputs_hash(plan.inputs)}
    assert plan.inputs["energy"]["sha256"] == energy_hash(matrix())
    assert all(s.verdict.decision == s.camera and s.verdict.rules_version == ruleset for s in plan.shots)
    assert all(s.verdict.confidence == s.confidence for s in plan.shots)


@pytest.mark.parametrize("ruleset", ["angle-v1", "angle-v2"])
def test_any_input_that_is_read_changes_the_hash(ruleset):
    base = select_angles(matrix(), ruleset=ruleset, wide="W").shots[0].verdict.inputs_hash
    touched = matrix()
    touched.dbfs[3, 1] += 0.01
    others = [
        select_angles(touched, ruleset=ruleset, wide="W"), select_angles(matrix(), ruleset=ruleset),
        select_angles(matrix(), ruleset=ruleset, wide="W", options=AngleOptions(lead_db=7.0)),
        select_angles(matrix(), ruleset=ruleset, wide="W", mic_map={"A": "B", "B": "A"}),
        select_angles(matrix(), ruleset=ruleset, wide="W", duration_s=19.9),
    ]  # fmt: skip
    hashes = {base, *(plan.shots[0].verdict.inputs_hash for plan in others)}
    assert len(hashes) == 6


def test_every_nan_is_the_same_nan():
    one, two = matrix(), matrix()
    one.dbfs[0, 0] = np.float32("nan")
    two.dbfs[0, 0] = np.frombuffer(np.uint32(0x7FC00001).tobytes(), np.float32)[0]
    assert energy_hash(one) == energy_hash(two)


@pytest.mark.parametrize("count", [2, 3, 8, 16])
@pytest.mark.parametrize("ruleset", ["angle-v1", "angle-v2"])
def test_two_to_sixteen_cameras_with_any_names(count, ruleset):
    names = tuple(f"cam-{n}" for n in range(count))
    plan = select_angles(matrix(names), ruleset=ruleset)
    assert {s.camera for s in plan.shots} <= set(names)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"wide": "X"}, "there is no camera 'X'"), ({"mic_map": {"A": "Q"}}, "there is no camera 'Q'"),
        ({"ruleset": "angle-v9"}, "there is no ruleset 'angle-v9'"), ({"mic_map": {}}, "no microphone belongs"),
        ({"duration_s": 90.0}, "do not cover 90.000 s"),
    ],
)  # fmt: skip
def test_bad_input_names_the_fact_and_the_remedy(change, fact):
    with pytest.raises(BadInput, match=fact) as caught:
        select_angles(matrix(), **change)
    assert caught.value.remedy


def test_options_out_of_range_are_refused():
    with pytest.raises(BadInput, match="silence threshold"):
        AngleOptions(silence_dbfs=5.0)
    with pytest.raises(BadInput, match="maximum shot"):
        AngleOptions(max_shot_s=3.0)
    with pytest.raises(BadInput, match="min_shot_s"):
        AngleOptions(min_shot_s=float("nan"))
