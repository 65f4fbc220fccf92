"""Who is heard where and filmed by whom is proposed from levels alone, for the set-ups that people really bring."""

import numpy as np
import pytest

from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.mapping import MicRef
from ruach_studio.assembly.mapping_proposal import propose
from ruach_studio.kernel.errors import BadInput

SECONDS, FLOOR_DBFS = 120, -60.0


def talk(loudness, *, names=("ruth", "dan")):
    """Return a matrix of 100 ms windows: both take turns of 4 s; `loudness[column]` is what each of them reaches there."""
    rng = np.random.default_rng(5)
    windows = SECONDS * 10
    turn = np.arange(windows) // 40 % len(names)
    speaks = rng.random(windows) < 0.8  # syllables and the pauses between them
    shape = rng.normal(0.0, 3.0, windows)
    columns = []
    for levels in loudness.values():
        level = np.full(windows, FLOOR_DBFS) + rng.normal(0.0, 1.0, windows)
        for number, reached in enumerate(levels):
            mine = speaks & (turn == number)
            level[mine] = np.maximum(level[mine], reached + shape[mine] + rng.normal(0.0, 0.5, windows)[mine])
        columns.append(level)
    return EnergyMatrix(100, tuple(loudness), np.column_stack(columns).astype(np.float32))


def told(proposal):
    return {s.id: ([str(mic.column) for mic in s.mics], list(s.cameras)) for s in proposal.speakers.speakers}


def evidence(proposal, column):
    return next(each for each in proposal.evidence if each.mic.column == column)


def test_each_microphone_of_an_external_recorder_joins_the_speaker_whose_camera_hears_him_best():
    matrix = talk({"A": (-24, -40), "B": (-41, -25), "rec": (-20, -20), "rec#1": (-18, -45), "rec#2": (-46, -19)})
    proposal = propose(matrix, ["A", "B"])
    assert told(proposal) == {"A": (["A", "rec#1"], ["A"]), "B": (["B", "rec#2"], ["B"])}
    assert evidence(proposal, "rec#1").mic == MicRef("rec", 1)
    assert evidence(proposal, "rec#2").words == "rises and falls with B"
    assert [each.mic.column for each in proposal.evidence] == ["A", "B", "rec#1", "rec#2"]  # the recorder whole is left out


def test_one_camera_may_cover_both_speakers_of_an_external_recorder():
    matrix = talk({"A": (-30, -30), "rec": (-20, -20), "rec#1": (-18, -40), "rec#2": (-41, -19)})
    speakers = told(propose(matrix, ["A"]))
    assert speakers["rec#1"] == (["rec#1"], ["A"])
    assert speakers["rec#2"] == (["rec#2"], ["A"])


def test_two_cameras_on_one_speaker_are_both_his():
    matrix = talk({"A": (-24, -44), "D": (-27, -46), "B": (-45, -25)})
    proposal = propose(matrix, ["A", "D", "B"])
    assert told(proposal) == {"A": (["A", "D"], ["A", "D"]), "B": (["B"], ["B"])}
    assert evidence(proposal, "D").speaker_id == "A"


@pytest.mark.parametrize("level", [-60.0, -100.0, np.nan], ids=["hiss", "digital silence", "never recorded"])
def test_a_microphone_that_hears_nobody_is_given_to_nobody(level):
    matrix = talk({"A": (-24, -40), "B": (-41, -25), "lav": (-99, -99)})
    levels = matrix.dbfs.copy()
    levels[:, 2] = level
    proposal = propose(EnergyMatrix(100, matrix.cameras, levels), ["A", "B"])
    assert list(told(proposal)) == ["A", "B"]
    unusable = evidence(proposal, "lav")
    assert (unusable.speaker_id, unusable.leads_s) == (None, 0.0)
    assert unusable.words.endswith("it proves no speaker")


def test_a_cameras_own_microphone_that_hears_nobody_is_kept_and_to_be_checked():
    proposal = propose(talk({"A": (-24, -40), "B": (-99, -99), "C": (-41, -25)}), ["A", "B", "C"])
    assert told(proposal)["B"] == (["B"], ["B"])  # it may still be shown: a person decides
    assert "check that its camera films who it hears best" in evidence(proposal, "B").words
    assert "check" not in evidence(proposal, "A").words


def test_only_the_wide_hears_and_that_is_refused():
    with pytest.raises(BadInput, match="no microphone but the wide's"):
        propose(talk({"W": (-30, -30)}), ["W"], wide="W")
