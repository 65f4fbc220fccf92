"""Corrections are made all or none, words keep what times they can, and each refusal names the edit."""

import pytest

from ruach_studio.assembly.sync_model import Piece, Placement
from ruach_studio.assembly.transcript import Segment, Word
from ruach_studio.assembly.transcript_edit import edited, text_edit_from_wire
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.assembly.transcript_place import Recorded

CLOCK = {("B", 0): Placement("B", 0, 5.0, 0.0, 0.9, "looks-good", 1.0)}
FIRST = Recorded(
    1, Segment(0, 2000, "let thee be", "Ann", 0.8, (Word(0, 500, "let"), Word(600, 900, "thee"), Word(1000, 2000, "be")))
)
LOCAL = Recorded(2, Segment(0, 1000, "light", "Ann", 0.6, (Word(0, 1000, "light"),)), ("B", 0))
LAST = Recorded(3, Segment(9000, 9900, "and there was"))


def make(*edits, base=(FIRST, LOCAL, LAST)):
    return edited(base, [text_edit_from_wire(edit) for edit in edits], CLOCK)


def find(made, number):
    return next(each.segment for each in made if each.id == number)


def test_a_corrected_word_takes_over_the_time_of_the_wrong_one():
    made = find(make({"op": "text", "id": 1, "text": " let  there be "}), 1)
    assert (made.text, [(w.text, w.start_ms) for w in made.words]) == (
        "let there be",
        [("let", 0), ("there", 600), ("be", 1000)],
    )
    assert find(make({"op": "text", "id": 1, "text": "let it all be"}), 1).words == ()


def test_speakers_of_many_segments_at_once():
    made = make({"op": "speaker", "ids": [1, 3], "speaker": "Ben"}, {"op": "speaker", "id": 2, "speaker": None})
    assert [each.segment.speaker for each in made] == ["Ben", None, "Ben"]


def test_times_are_master_times_and_stretch_the_words():
    made = find(make({"op": "times", "id": 2, "startMs": 6000, "endMs": 8000}), 2)
    assert (made.start_ms, made.end_ms) == (1000, 3000)  # its recording began at 5 s
    assert (made.words[0].start_ms, made.words[0].end_ms) == (1000, 3000)


def test_split_and_merge_are_each_others_undoing():
    parted = make({"op": "split", "id": 1, "afterWords": 2})
    assert [(each.id, each.segment.start_ms, each.segment.end_ms, each.segment.text) for each in parted][:2] == [
        (1, 0, 900, "let thee"), (4, 1000, 2000, "be"),
    ]  # fmt: skip
    again = make({"op": "merge", "ids": [1, 4]}, base=parted)
    assert find(again, 1) == FIRST.segment
    untimed = make({"op": "split", "id": 3, "afterWords": 1})  # 4 of 14 shares of 900 ms
    assert [each.segment.end_ms for each in untimed if each.id == 3] == [pytest.approx(9257.143)]


def test_insert_and_delete_keep_the_order_of_time():
    made = make(
        {"op": "insert", "startMs": 3000, "endMs": 4000, "text": "Amen", "speaker": "Ben"}, {"op": "delete", "id": 1}
    )
    assert [(each.id, each.segment.text) for each in made] == [(4, "Amen"), (2, "light"), (3, "and there was")]


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        ({"op": "text", "id": 9, "text": "x"}, "there is no segment 9"),
        ({"op": "text", "id": 1, "text": " "}, "it has no text"),
        ({"op": "split", "id": 2, "afterWords": 1}, "it has 1 words"), ({"op": "merge", "ids": [1, 3]}, "only neighbours"),
        ({"op": "merge", "ids": [2, 3]}, "different recordings"),
        ({"op": "times", "id": 1, "startMs": 5, "endMs": 5}, "no stretch"),
        ({"op": "delete", "ids": [1, 2, 3]}, "nothing would be left"), ({"op": "sing", "id": 1}, "'sing' is none of text,"),
        ({"op": "speaker", "id": 1, "speaker": "Ann"}, "nothing would change"), ({"op": "delete"}, "it names no segment"),
        ({"op": "text", "id": 1, "txt": "x"}, "it has a field 'txt'"), ({"id": 1}, "an edit cannot be read ('op')"),
        ({"op": "speaker", "ids": [1, 1]}, "it names a segment twice"), (7, "an edit cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_whole(edit, fact):
    with pytest.raises(BadTranscript) as caught:
        make({"op": "text", "id": 3, "text": "and there was"}, edit)
    assert fact in caught.value.fact
    assert caught.value.subject in ("edits", "edit 2 (" + str(edit.get("op") if isinstance(edit, dict) else "") + ")")


def test_times_at_which_its_recording_did_not_run_are_refused():
    """1.5 s are lost at the recording's second 20, from 20 to 21.5 s of the programme."""
    clock = {("W", 0): Placement("W", 0, 0.0, 0.0, 1.0, "looks-good", 0.0, pieces=(Piece(0.0, 0.0), Piece(20.0, 1.5)))}
    amen = Recorded(1, Segment(18_000, 19_500, "Amen."), ("W", 0))
    lost, there = ({"op": "times", "id": 1, "startMs": a, "endMs": b} for a, b in ((20_100, 21_400), (21_600, 22_000)))
    with pytest.raises(BadTranscript, match="its recording did not run from 20100 to 21400 ms"):
        edited([amen], [text_edit_from_wire(lost)], clock)
    moved = edited([amen], [text_edit_from_wire(there)], clock)[0].segment
    assert (moved.start_ms, moved.end_ms) == (20_100, 20_500)
