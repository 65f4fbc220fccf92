"""Local times lie where the sync says, also over a jump and after a correction; nothing outside its recording is taken."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.assembly.sync_model import Piece, Placement
from ruach_studio.assembly.transcript import Segment, Transcript, Word, tidy
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.assembly.transcript_place import (
    Recorded,
    locked_wire,
    on_master,
    placed,
    recorded_from_wire,
    recorded_to_wire,
    sha256_of,
    to_local_ms,
    to_master_ms,
    within,
)

LATE = Placement("B", 0, 2.5, 100.0, 0.9, "looks-good", 1.0)
JUMP = replace(LATE, drift_ppm=0.0, pieces=(Piece(0.0, 2.5), Piece(60.0, 3.5)))
SAID = Recorded(
    1, Segment(10_000, 20_000, "a b", "Ann", 0.9, (Word(10_000, 11_000, "a"), Word(19_000, 20_000, "b"))), ("B", 0)
)


def test_offset_and_drift_move_segments_and_words():
    (moved,) = placed([SAID], {("B", 0): LATE})
    assert (moved.segment.start_ms, moved.segment.end_ms) == (12_501.0, 22_502.0)  # 2500 + 10000 x 1.0001
    assert [w.start_ms for w in moved.segment.words] == [12_501.0, 21_501.9]
    (corrected,) = placed([SAID], {("B", 0): replace(LATE, offset_s=-1.0)})
    assert corrected.segment.start_ms == 9_001.0
    with pytest.raises(BadTranscript, match="B, clip 1: it has no place"):
        placed([SAID], {})


def test_a_jump_moves_what_comes_after_it():
    assert [to_master_ms(at, JUMP) for at in (0, 59_999, 60_000)] == [2500, 62_499, 63_500]


@given(st.floats(0, 3.6e6), st.floats(-5000, 5000), st.floats(-1e5, 1e5))
def test_there_and_back(local_ms, drift_ppm, offset_s):
    place = replace(LATE, drift_ppm=drift_ppm, offset_s=offset_s)
    assert to_local_ms(to_master_ms(local_ms, place), place) == pytest.approx(local_ms, abs=2e-3)


def test_a_cue_outside_its_recording_is_refused_or_left_out_by_name():
    said = [
        Segment(0, 1000, "a"),
        Segment(9500, 10_800, "held"),
        Segment(9000, 11_001, "late"),
        Segment(10_000, 10_500, "after"),
    ]
    with pytest.raises(BadTranscript, match=r"2 of 4 cues lie outside the 10.0 s .*first is cue 7") as caught:
        within(said, [1, 3, 7, 8], 10_000, leave_out=False, subject="x.srt")
    assert caught.value.details["cues"] == [7, 8]
    kept = within(said, [1, 3, 7, 8], 10_000, leave_out=True, subject="x.srt")
    assert ([(s.text, s.end_ms) for s in kept.segments], kept.left_out) == ([("a", 1000), ("held", 10_000)], (7, 8))
    with pytest.raises(BadTranscript, match="cue 8 lies outside"):
        within(said[3:], [8], 10_000, leave_out=True, subject="x.srt")
    assert within(said, [1, 3, 7, 8], None, leave_out=False, subject="x.srt").left_out == ()


def test_what_is_said_outside_the_programme_is_no_part_of_it():
    early = replace(LATE, offset_s=-15.0, drift_ppm=0.0)
    made = on_master([SAID], {("B", 0): early}, 4000.0)
    assert made is not None
    assert [(s.start_ms, s.end_ms) for s in made.segments] == [(0.0, 4000.0)]
    assert on_master([SAID], {("B", 0): early}, 0.0) is None
    assert on_master([SAID], {("B", 0): replace(early, offset_s=-60.0)}) is None


def test_stored_and_read_again_it_is_the_same_and_has_a_name():
    stored = (SAID, Recorded(2, Segment(0, 50, "short")))
    wire = json.loads(json.dumps(recorded_to_wire(stored)))
    assert recorded_from_wire(wire) == stored
    assert sha256_of(stored, "en") != sha256_of(stored, "de")
    assert recorded_from_wire([{"startMs": 0, "endMs": 9, "text": "old"}]) == (Recorded(1, Segment(0, 9, "old")),)


def test_two_who_begin_at_once_are_both_kept():
    both = tidy([Segment(0, 900, "a", "Ann"), Segment(0, 500, "b", "Ben"), Segment(50, 700, "c")]).segments
    assert [(s.start_ms, s.end_ms, s.text) for s in both] == [(0, 100, "b"), (100, 200, "a"), (200, 700, "c")]


def test_a_locked_edl_gets_times_words_and_name_and_no_more():
    wire = locked_wire(Transcript((SAID.segment, Segment(30_000, 31_000, "c"))), language="en", sha256="ab")
    assert wire == {"language": "en", "sha256": "ab", "segments": [
        {"startMs": 10_000, "endMs": 20_000, "text": "a b", "speaker": "Ann", "words": [
            {"startMs": 10_000, "endMs": 11_000, "text": "a"}, {"startMs": 19_000, "endMs": 20_000, "text": "b"}]},
        {"startMs": 30_000, "endMs": 31_000, "text": "c"},
    ]}  # fmt: skip
