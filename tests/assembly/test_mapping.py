"""A map of microphones, speakers and cameras contradicts neither itself nor the session, and says what is wrong."""

import numpy as np
import pytest

from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.energy import energy_matrix
from ruach_studio.assembly.mapping import MicRef, Speaker, SpeakerMap, map_from_wire, map_of_mics, map_to_wire
from ruach_studio.assembly.sync import Placement
from ruach_studio.kernel.errors import BadInput

RUTH = Speaker("ruth", "Ruth", (MicRef("rec", 1),), ("A", "D"))
DAN = Speaker("dan", "Daniel", (MicRef("rec", 2), MicRef("B")), ("B",))


def test_wire_and_back():
    both = SpeakerMap((RUTH, DAN))
    assert map_from_wire(map_to_wire(both)) == both
    assert map_to_wire(both)[0] == {
        "id": "ruth", "name": "Ruth", "cameras": ["A", "D"], "mics": [{"cameraId": "rec", "channel": 1}]
    }  # fmt: skip
    assert both.cameras == ("A", "D", "B")
    assert [mic.column for mic in DAN.mics] == ["rec#2", "B"]


def test_a_plain_map_is_one_speaker_per_microphone():
    two = map_of_mics({"A": "A", "L": "A"})
    assert [(s.id, s.cameras, s.mics[0].column) for s in two.speakers] == [("A", ("A",), "A"), ("L", ("A",), "L")]


@pytest.mark.parametrize(
    ("make", "fact"),
    [
        (lambda: SpeakerMap(()), "names no speaker"), (lambda: SpeakerMap((RUTH, RUTH)), "2 speakers have the id 'ruth'"),
        (lambda: SpeakerMap((RUTH, Speaker("x", "X", (MicRef("rec", 1),), ("B",)))), "belongs to Ruth and to X"),
        (lambda: SpeakerMap((RUTH, Speaker("x", "X", (MicRef("rec"),), ("B",)))), "as a whole and by channel"),
        (lambda: Speaker("x", "X", (), ("B",)), "X has no microphone"),
        (lambda: Speaker("x", "X", (MicRef("A"),), ()), "X has no camera"),
        (lambda: Speaker("x", "X", (MicRef("A"),), ("A", "A")), "shown by A 2 times"),
        (lambda: Speaker(" ", "X", (MicRef("A"),), ("A",)), "no id or no name"),
        (lambda: Speaker("x", "X", (MicRef("A", 0),), ("A",)), "has channel 0"),
        (lambda: SpeakerMap((RUTH,)).check({"A": 1}, "AD"), "microphone rec is not in the session"),
        (lambda: SpeakerMap((RUTH, DAN)).check({"rec": 1, "B": 1}, "ABD"), r"has 1 channel\(s\), not 2"),
        (lambda: SpeakerMap((RUTH,)).check({"rec": 2}, "A"), "cannot be shown by D"),
        (lambda: SpeakerMap((RUTH,)).speaker("dan"), "no such speaker"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named_with_its_remedy(make, fact):
    with pytest.raises(BadInput, match=fact) as caught:
        make()
    assert caught.value.remedy


def test_channels_of_a_recorder_become_columns_of_their_own():
    power = np.tile(np.array([[1e-2, 1e-4]], np.float32), (100, 1))
    tracks = {"rec": [AudioDigest(8000, 2, 1.0, np.zeros(8000, np.int16), power)]}
    places = [Placement("rec", 0, 0.0, 0.0, 1.0, "looks-good", 0.0)]
    matrix = energy_matrix(tracks, places, 100, 1.0, split={"rec"})
    assert matrix.cameras == ("rec", "rec#1", "rec#2")
    assert matrix.dbfs.mean(axis=0) == pytest.approx([-22.967, -20.0, -40.0], abs=0.001)
    tracks["rec#1"] = tracks["rec"]
    with pytest.raises(BadInput, match="another's channel"):
        energy_matrix(tracks, places, 100, 1.0, split={"rec"})
