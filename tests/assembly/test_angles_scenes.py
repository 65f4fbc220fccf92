"""Conversations with truth: who speaks is shown; arrival order replaces levels under gain control; the unknown is said."""

from dataclasses import replace

import numpy as np
import pytest

from ruach_studio.assembly.angles import AngleOptions, energy_hash, needs_arrival, select_again, select_angles
from ruach_studio.assembly.angles_styles import STYLES, styled
from ruach_studio.assembly.arrival import arrival_matrix
from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.energy import EnergyMatrix, energy_matrix
from ruach_studio.assembly.gain_watch import automatic_gain, gain_changes
from ruach_studio.assembly.mapping import MicRef, Speaker, SpeakerMap
from ruach_studio.assembly.mapping_proposal import holds_two_microphones, propose
from ruach_studio.assembly.sync import Placement
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.kernel.errors import BadInput
from ruach_studio.testing.scene.turns import Table, make_turns
from ruach_studio.testing.scene.turns_score import score


def heard(table, *, arrival=True):
    scene = make_turns(table)
    tracks = {n: [AudioDigest(8000, 1, r.pcm8k.size / 8000, r.pcm8k, r.power10ms)] for n, r in scene.tracks.items()}
    places = [Placement(n, 0, 0.0, 0.0, 1.0, "looks-good", 0.0) for n in tracks]
    matrix = energy_matrix(tracks, places, 100, table.seconds)
    if arrival and needs_arrival(matrix, wide="W"):
        mics = [n for n in tracks if n != "W"]
        matrix = replace(matrix, arrival=arrival_matrix(tracks, places, mics, table.seconds))
    return scene, matrix


@pytest.fixture(scope="module")
def plain_talk():
    return heard(Table(1, 3, seconds=240.0))


@pytest.fixture(scope="module")
def controlled():
    return heard(Table(11, 3, seconds=240.0, agc=True, late_ms=(0.0, 4.0, -3.0)))


def test_the_speaker_is_shown_and_cross_talk_goes_wide(plain_talk):
    scene, matrix = plain_talk
    found = score(scene, select_angles(matrix, wide="W").shots)
    assert found.right >= 0.97
    assert found.wrong <= 0.02
    assert found.crosstalk_wide >= 0.8


def test_gain_control_is_named_and_arrival_order_decides(controlled):
    scene, matrix = controlled
    assert automatic_gain(np.asarray(matrix.dbfs[:, :3], float), 0.1).all()
    plan = select_angles(matrix, wide="W")
    assert score(scene, plan.shots).right >= 0.92
    assert any("reaches his microphone first at" in s.verdict.reasons[0] for s in plan.shots)
    deaf = select_angles(replace(matrix, arrival=None), wide="W")
    assert score(scene, deaf.shots).right <= 0.6
    close_ups = [s for s in deaf.shots if s.camera != "W"]
    assert all(s.confidence < 0.5 for s in close_ups)
    assert "automatic gain control on" in " ".join(close_ups[0].verdict.reasons)


def test_arrival_order_is_stored_with_the_energy_and_hashed(controlled, tmp_path):
    _, matrix = controlled
    plan = select_angles(matrix, wide="W")
    rows = energy_files.keep(tmp_path, "s1", 1, {100: matrix})
    again = energy_files.load(tmp_path, rows[0])
    assert select_again(plan.inputs | {"options": {}}, again).shots[0].camera == plan.shots[0].camera
    assert select_angles(again, wide="W") == plan
    with pytest.raises(BadInput, match="not the arrival order"):
        select_again(plan.inputs, replace(again, arrival=None))
    (tmp_path / rows[0].path).with_suffix(".arrival.npz").write_bytes(b"no")
    with pytest.raises(energy_files.EnergyDamaged):
        energy_files.load(tmp_path, rows[0])


def test_a_missing_microphone_is_not_silence():
    _, matrix = heard(Table(12, 3, seconds=240.0, gone=(1, 100.0, 160.0)))
    during = [s for s in select_angles(matrix, wide="W").shots if s.start_s >= 101 and s.end_s <= 159]
    assert during
    assert all(s.confidence < 0.8 and "Camera B" in " ".join(s.verdict.reasons) for s in during)
    assert not any("nobody speaks" in s.verdict.reasons[0] and s.confidence > 0.7 for s in during)


def test_a_changed_gain_is_found_and_followed():
    scene, matrix = heard(Table(9, 3, gain_step=(0, 230.0, 9.0)))
    (change,) = gain_changes(np.asarray(matrix.dbfs[:, :3], float), 0.1)
    assert change.mic == 0
    assert change.step_db == pytest.approx(9.0, abs=2.5)
    assert score(scene, select_angles(matrix, wide="W").shots).right >= 0.9


def test_two_cameras_of_one_speaker_take_turns_and_names_are_said(plain_talk):
    scene, matrix = plain_talk
    columns = np.column_stack([matrix.dbfs, matrix.dbfs[:, 3]])
    five = EnergyMatrix(100, (*matrix.cameras, "X"), columns)
    people = SpeakerMap(
        (
            Speaker("r", "Ruth", (MicRef("A"),), ("A", "X")), Speaker("d", "Daniel", (MicRef("B"),), ("B",)),
            Speaker("m", "Mary", (MicRef("C"),), ("B",)),
        )
    )  # fmt: skip
    plan = select_angles(five, wide="W", speakers=people)
    hers = [s.camera for s in plan.shots if s.camera in "AX"]
    assert hers[:4] == ["A", "X", "A", "X"]
    assert {s.camera for s in plan.shots} <= {"A", "X", "B", "W"}
    assert score(scene, plan.shots, {"A": "AX", "B": "B", "C": "B"}).right >= 0.97
    assert "dB lead over" in " ".join(s.verdict.reasons[0] for s in plan.shots)
    assert "Ruth" in " ".join(s.verdict.reasons[0] for s in plan.shots)
    assert select_again(plan.inputs | {"options": {}}, five).rules_version == "angle-v2"


def test_strategies_change_what_is_shown_while_people_talk_at_once(plain_talk):
    scene, matrix = plain_talk
    calm = AngleOptions(crosstalk="hold", laughter="hold", collision="hold")
    assert score(scene, select_angles(matrix, wide="W", options=calm).shots).crosstalk_wide < 0.5
    cuts = len(select_angles(matrix, wide="W").shots)
    assert len(select_angles(matrix, wide="W", options=AngleOptions(backchannel="cut")).shots) > cuts
    with pytest.raises(BadInput, match="laughter = 'loud'"):
        AngleOptions(laughter="loud")


def test_a_style_is_numbers_and_an_explicit_option_wins(plain_talk):
    _, matrix = plain_talk
    counts = {name: len(select_angles(matrix, wide="W", options=styled(name)).shots) for name in STYLES}
    assert counts["sermon"] < counts["podcast"] < counts["shorts"]
    assert styled("sermon", {"min_shot_s": 2.5}).min_shot_s == 2.5
    assert styled("sermon").pace_s == 1.2
    assert styled(None) == AngleOptions()
    with pytest.raises(BadInput, match="there is no style 'opera'"):
        styled("opera")


def test_a_map_is_proposed_with_evidence(plain_talk):
    _, matrix = plain_talk
    found = propose(matrix, ["A", "B", "C", "W"], wide="W")
    assert [(s.id, s.cameras) for s in found.speakers.speakers] == [("A", ("A",)), ("B", ("B",)), ("C", ("C",))]
    by_mic = {e.mic.column: e for e in found.evidence}
    assert set(by_mic) == {"A", "B", "C"}
    assert all("leads for" in e.words for e in found.evidence), by_mic


def test_a_recorder_of_two_microphones_is_told_from_stereo():
    rng = np.random.default_rng(2)
    loud = np.repeat(rng.random(60) < 0.5, 100)
    power = np.column_stack([np.where(loud, 1e-2, 1e-4), np.where(loud, 1e-4, 1e-2)]) * rng.uniform(0.5, 2, (6000, 2))
    quiet = np.repeat(rng.random(60) < 0.2, 100)
    power[quiet] = 1e-7
    two = AudioDigest(8000, 2, 60.0, np.zeros(480000, np.int16), power.astype(np.float32))
    stereo = replace(two, power10ms=np.column_stack([power[:, 0], power[:, 0] * 1.5]).astype(np.float32))
    assert holds_two_microphones([two])
    assert not holds_two_microphones([stereo])


def test_what_is_recalled_keeps_its_checked_hash_and_cannot_change(controlled, tmp_path):
    _, matrix = controlled
    row = energy_files.keep(tmp_path, "s1", 1, {100: matrix})[0]
    first = energy_files.recall(tmp_path, row)
    assert first.sha256 == row.sha256 == energy_hash(replace(first, sha256=None)) == energy_hash(matrix)
    assert energy_files.recall(tmp_path, row) is first
    with pytest.raises(ValueError, match="read-only"):
        first.dbfs[0, 0] = 0.0
    path, other = tmp_path / row.path, np.array(matrix.dbfs)
    other[0, 0] += 1.0
    np.save(path, other)
    with pytest.raises(energy_files.EnergyDamaged, match="not what was stored"):
        energy_files.recall(tmp_path, row)
