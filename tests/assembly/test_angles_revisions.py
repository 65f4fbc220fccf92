"""What `angle-v2` decided by an earlier revision is decided again, bit for bit, from what was stored."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ruach_studio
from ruach_studio.assembly.angles import select_again, select_angles
from ruach_studio.assembly.angles_shot import REVISION
from ruach_studio.assembly.edl import edl_bytes, to_wire
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import canonical_json, inputs_hash, plain

GOLDEN = Path(__file__).parents[1] / "golden" / "angles"
FIRST = json.loads((GOLDEN / "angle_v2_first_revision.json").read_text())
TALKS = json.loads((GOLDEN / "talks.json").read_text())
LATER = {n: json.loads((GOLDEN / f"angle_v2_revision_{n}.json").read_text()) for n in (2, 3)}


def maker():
    spec = importlib.util.spec_from_file_location("golden_angles", GOLDEN / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()


def first_matrix(stored):
    levels = [[np.nan if level is None else level for level in row] for row in stored["levels"]]
    return EnergyMatrix(100, tuple(stored["cameras"]), np.array(levels, dtype=np.float32))


@pytest.mark.parametrize("stored", FIRST)
def test_inputs_without_a_revision_give_the_old_shots_words_and_hashes(stored):
    plan = select_again(stored["inputs"], first_matrix(stored))
    assert MAKER.shots_of(plan) == stored["shots"]
    assert inputs_hash(plan.inputs) == stored["shots"][0][-1]


@pytest.mark.parametrize("revision", LATER)
@pytest.mark.parametrize("talk", TALKS)
def test_inputs_of_a_revision_give_its_shots_words_and_hashes(revision, talk):
    stored = LATER[revision][talk]
    assert stored["inputs"]["revision"] == revision
    plan = select_again(stored["inputs"], MAKER.matrix_of(TALKS[talk]))
    assert MAKER.shots_of(plan) == stored["shots"]
    assert inputs_hash(plan.inputs) == stored["shots"][0][-1]


def test_the_revisions_differ_so_that_a_mix_up_shows():
    assert all(LATER[2][talk]["shots"] != LATER[3][talk]["shots"] for talk in TALKS)
    assert max(LATER) == REVISION


@pytest.mark.parametrize("ruleset", ["angle-v1", "angle-v2"])
def test_new_inputs_say_their_revision_and_give_the_same_plan_again(ruleset):
    matrix = first_matrix(FIRST[0])
    plan = select_angles(matrix, ruleset=ruleset, wide="W")
    assert plan.inputs.get("revision") == (REVISION if ruleset == "angle-v2" else None)
    assert select_again(json.loads(json.dumps(plain(plan.inputs))), matrix).shots == plan.shots


@pytest.mark.parametrize("revision", [0, REVISION + 1])
def test_an_unknown_revision_is_refused(revision):
    with pytest.raises(BadInput, match=f"no revision {revision}"):
        select_angles(first_matrix(FIRST[0]), wide="W", revision=revision)


@pytest.mark.slow
def test_the_draft_of_a_fixed_talk_is_pinned_to_the_byte_and_the_same_from_a_second_interpreter():
    pinned = json.loads((GOLDEN / "edl.json").read_text())
    edl = MAKER.edl_of(TALKS["levels"])
    assert to_wire(edl) == pinned
    assert edl_bytes(edl) == canonical_json(pinned)
    source = str(Path(ruach_studio.__file__).parents[1])
    told = {"PYTHONPATH": source, "PYTHONHASHSEED": "7", "PATH": "/usr/bin:/bin"}
    again = subprocess.run([sys.executable, str(GOLDEN / "make.py"), "--edl"], env=told, capture_output=True, check=True)
    assert json.loads(again.stdout) == pinned
