"""A transcript is tidied as subtitles are; by its speakers the right camera is shown, never for less than the minimum."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.angles_shot import AngleOptions
from ruach_studio.assembly.angles_transcript import plan_by_transcript, plan_by_transcript_again
from ruach_studio.assembly.transcript import Segment, Word, tidy, transcript_from_wire, transcript_to_wire
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import plain


def plan(segments, cameras=None, *, wide="W", duration_s=60.0, **options):
    seats = {"Ann": "A", "Ben": "B"} if cameras is None else cameras
    return plan_by_transcript(tidy(segments), seats, wide=wide, options=AngleOptions(**options), duration_s=duration_s)


def shots(made):
    return [(shot.start_s, shot.camera, shot.reason) for shot in made.shots]


def test_segments_are_sorted_and_do_not_overlap():
    said = tidy([Segment(5000, 9000, "b"), Segment(-200, 6000, "a"), Segment(9000, 9010, "c")])
    assert [(s.start_ms, s.end_ms, s.text) for s in said.segments] == [(0, 5000, "a"), (5000, 9000, "b"), (9000, 9100, "c")]
    again = transcript_from_wire(json.loads(json.dumps(transcript_to_wire(said))))
    assert again == said


@pytest.mark.parametrize(
    "wire",
    [{}, {"segments": []}, {"segments": [{"startMs": 1}]}, {"segments": [{"startMs": 9, "endMs": 2, "text": ""}]},
     {"segments": [{"startMs": 0, "endMs": 2, "text": "", "confidence": 3}]}, {"segments": ["x"]},
     {"segments": [{"startMs": 0, "endMs": float("nan"), "text": ""}]}],
)  # fmt: skip
def test_a_broken_transcript_is_refused(wire):
    with pytest.raises(BadInput) as caught:
        transcript_from_wire(wire)
    assert caught.value.remedy


def test_whoever_speaks_is_shown_and_a_long_pause_is_wide():
    made = plan([Segment(0, 8000, "x", "Ann", 0.7), Segment(8500, 20000, "y", "Ben"), Segment(30000, 55000, "z", "Ann")])
    assert shots(made) == [
        (0.0, "A", "speaker"), (8.5, "B", "speaker"), (20.0, "W", "wide"), (30.0, "A", "speaker"), (55.0, "W", "wide"),
    ]  # fmt: skip
    assert [shot.confidence for shot in made.shots] == [0.9, 0.7, 0.9, 0.7, 0.9]
    assert made.shots[0].verdict.reasons == ("Ann speaks for 8.0 s from 0:00, words 0.70 sure",)
    assert made.shots[2].verdict.reasons == ("nobody speaks for 10.0 s from 0:20",)
    assert made.rules_version == "transcript-v1"


def test_confidence_is_that_of_the_words_and_of_the_length():
    words = (Word(0, 400, "a", 0.5), Word(400, 500, "b", 0.7))
    made = plan([Segment(0, 500, "a b", "Ann", 0.1, words), Segment(5000, 9000, "", "Ben", 0.95)], duration_s=9.0)
    assert [shot.confidence for shot in made.shots] == [0.7, 0.9, 1.0]  # 0.6 + 0.1, the pause, capped


def test_a_speaker_without_a_camera_is_shown_by_the_wide_or_the_shot_stays():
    said = [Segment(0, 9000, "", "Ann"), Segment(9000, 19000, "", "Guest")]
    assert shots(plan(said, duration_s=19.0))[-1] == (9.0, "W", "wide")
    assert "no camera shows Guest" in plan(said, duration_s=19.0).shots[-1].verdict.reasons[0]
    assert shots(plan(said, wide=None, duration_s=19.0)) == [(0.0, "A", "speaker")]
    with pytest.raises(BadInput, match="no camera shows Ann, Guest"):
        plan(said, {}, wide=None)
    with pytest.raises(BadInput, match="names its speaker"):
        plan([Segment(0, 1000, "x")])


def test_what_is_over_before_the_minimum_is_passed_by_and_what_is_early_waits():
    said = [Segment(0, 1000, "", "Ann"), Segment(1000, 1900, "", "Ben"), Segment(1900, 9000, "", "Ben"),
            Segment(9000, 9500, "", "Ann"), Segment(9500, 20000, "", "Ben")]  # fmt: skip
    assert shots(plan(said, duration_s=20.0)) == [
        (0.0, "A", "speaker"), (2.0, "B", "speaker"), (9.0, "A", "speaker"), (11.0, "B", "speaker"),
    ]  # fmt: skip


spoken = st.lists(
    st.tuples(st.integers(0, 59_000), st.integers(100, 9000), st.sampled_from(["Ann", "Ben", "Guest", None])),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(said=spoken, minimum=st.sampled_from([2.0, 4.0]), wide=st.sampled_from(["W", None]))
def test_any_transcript_gives_a_whole_plan_that_can_be_made_again(said, minimum, wide):
    segments = [Segment(start, start + length, "x", who, 0.8) for start, length, who in said]
    try:
        made = plan(segments, wide=wide, min_shot_s=minimum)
    except BadInput as refused:
        if wide is not None:
            assert "names its speaker" in refused.fact  # noqa: PT017
        return
    assert (made.shots[0].start_s, made.shots[-1].end_s) == (0.0, 60.0)
    assert all(a.end_s == b.start_s and a.camera != b.camera for a, b in pairwise(made.shots))
    assert all(shot.end_s - shot.start_s >= minimum - 1e-6 for shot in made.shots)
    again = plan_by_transcript_again(json.loads(json.dumps(plain(made.inputs))))
    assert [shot.verdict for shot in again.shots] == [shot.verdict for shot in made.shots]
