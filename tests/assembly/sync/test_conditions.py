"""A quick slice of bench/assembly_sync.py: voices in a room through bad recorders, within 5 ms over the whole overlap."""

import pytest

from ruach_studio.assembly.sync import classify, locate
from ruach_studio.testing.scene.conditions import CONDITIONS, Room

QUICK = [
    "far away, RT 0.8 s",
    "999 ppm (NTSC pull-down)",
    "44.1 against 48 kHz, 20 ppm",
    "SNR \N{MINUS SIGN}10 dB",
    "babble 6 dB louder",
    "first 45 s in another room",
    "clips of 5 s",
]


@pytest.fixture(scope="module")
def scene():
    return Room.of(120.0, 11)


def test_there_are_more_than_24_conditions():
    assert len(CONDITIONS) >= 30


@pytest.mark.parametrize("name", QUICK)
def test_the_error_is_at_most_5_ms_at_start_middle_and_end(room, scene, name):
    for pair in CONDITIONS[name](scene):
        match = locate(
            room.digest(pair.query.sound, pair.query.rate), room.digest(pair.reference.sound, pair.reference.rate)
        )
        start_s, end_s = pair.overlap_s()
        for at in (start_s, (start_s + end_s) / 2, end_s):
            assert abs(match.reference_s(at) - pair.reference_s(at)) <= 0.005
        assert match.confidence >= 0.5
        assert match.overlap_s == pytest.approx((start_s, end_s), abs=0.2)


@pytest.mark.parametrize(
    ("name", "jump_ms"), [("200 ms lost in the middle", 200.0), ("200 ms doubled in the middle", -200.0)]
)
def test_both_parts_around_a_step_are_in_place(room, name, jump_ms):
    [pair] = CONDITIONS[name](Room.of(170.0, 12))
    query, reference = room.digest(pair.query.sound, pair.query.rate), room.digest(pair.reference.sound, pair.reference.rate)
    there, back = locate(query, reference), locate(reference, query)
    [step], [mirrored] = there.steps, back.steps
    assert step.jump_ms == pytest.approx(jump_ms, abs=5.0)
    assert step.at_s == pytest.approx(pair.jumps[0][0], abs=1.5)
    assert mirrored.jump_ms == pytest.approx(-jump_ms, abs=5.0)
    assert mirrored.at_s == pytest.approx(pair.reference_s(pair.jumps[0][0]), abs=1.5)
    start_s, end_s = pair.overlap_s()
    for at in (start_s, step.at_s - 3.0, step.at_s + 3.0, end_s):
        assert abs(there.reference_s(at) - pair.reference_s(at)) <= 0.005
        assert abs(back.reference_s(pair.reference_s(at)) - at) <= 0.005
    assert classify(there.confidence) == "review-suggested"
    assert step.sentence() in there.reasons


def test_another_conversation_of_the_same_voices_is_no_match(room):
    reference = room.digest(Room.of(120.0, 11, half=0).reference().sound)
    for number, seconds in enumerate((5.0, 20.0, 60.0)):
        other = Room.of(seconds + 2.0, 900 + number, half=1).mic(number=3, seconds=seconds)
        assert locate(room.digest(other.sound), reference).confidence <= 0.2
