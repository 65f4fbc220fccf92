"""What a plan shows when the EDL leaves stretches out: frames, sound, windows, writing, all by one count."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.kept import KeptFrames
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import EdlUnreadable, Lettering, plan_render
from ruach_studio.render.plan.audio import FADE_SAMPLES
from ruach_studio.render.plan.left_out import _as_heard, on_output
from ruach_studio.render.plan.lettering import Caption, CaptionWord, Chapter, Overlay
from ruach_studio.render.plan.spoken import SpokenSegment, SpokenTranscript, SpokenWord
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.sidecars import chapters_of

FULL, SHORT = PRESETS["full_16_9"], PRESETS["short_9_16"]
SHORT_4S = replace(SHORT, max_length_s=Fraction(4))


@pytest.fixture(scope="module")
def cameras(make_clip):
    return {"A": [make_clip("/m/a.mp4", frames=300)], "B": [make_clip("/m/b.mp4", frames=300)]}


def without(wire, *stretches):
    marks = [{"startFrame": low, "endFrameExclusive": high, "reason": "silence"} for low, high in stretches]
    return {**wire, "tracks": {**wire["tracks"], "omitted": marks}}


CUTS = [(100, "A"), (200, "B"), (300, "A")]


def test_frames_and_sound_are_cut_at_the_same_places(make_edl, cameras):
    plan = plan_render(without(make_edl(CUTS, cameras), (40, 70), (190, 210)), FULL)
    assert (plan.frames, plan.duration_s) == (250, pytest.approx(250 / 30))
    assert [(s.start_frame, s.end_frame_exclusive, s.camera) for s in plan.segments] == [
        (0, 40, "A"), (70, 100, "A"), (100, 190, "B"), (210, 300, "A"),
    ]  # fmt: skip
    assert [plan.shown(i) for i in (39, 40, 159, 160, 249)] == [("A", 39), ("A", 70), ("B", 189), ("A", 210), ("A", 299)]
    assert plan.audio.samples == 250 * 1600
    seams = [(s.start_sample, s.end_sample_exclusive, s.fade_in, s.fade_out, s.left_out_s) for s in plan.audio.spans]
    fade = FADE_SAMPLES
    assert seams == [
        (0, 64_000, 0, fade, 0), (64_000 - fade, 256_000, fade, fade, 1), (256_000 - fade, 400_000, fade, 0, Fraction(5, 3)),
    ]  # fmt: skip
    assert plan.notes[0] == "1.7 s are left out, as the EDL marks them; 3 stretches stay"


def test_nothing_left_out_changes_nothing(make_edl, cameras):
    wire = make_edl(CUTS, cameras)
    assert plan_render(without(wire), FULL) == plan_render(wire, FULL)
    assert plan_render(wire, FULL).timeline.programme_frame(123) == 123


def test_the_fractional_rate_keeps_sound_and_picture_together(make_edl, cameras):
    plan = plan_render(without(make_edl(CUTS, cameras, fps="30000/1001"), (41, 70), (121, 122)), FULL)
    for span, frame in zip(plan.audio.spans[1:], (41, 92), strict=True):  # first shown frame behind each seam
        at = Fraction(frame) * 48_000 * 1001 / 30_000
        assert abs(span.start_sample + FADE_SAMPLES - at) <= Fraction(1, 2)
        assert span.left_out_s == plan.rate.seconds(plan.timeline.programme_frame(frame) - frame)
    assert plan.audio.samples == round(270 * 48_000 * 1001 / 30_000)


def test_a_short_is_measured_as_it_is_shown(make_edl, cameras):
    wire = make_edl([(100, "A"), (200, "B", "speaker", 0.99), (300, "A")], cameras)
    plan = plan_render(without(wire, (120, 180)), SHORT_4S)
    assert plan.frames <= 120
    assert plan.window.verdict.decision.startswith("frames_")
    marked = make_edl(CUTS, cameras, shorts=[{"startMs": 3000, "endMs": 8000, "title": "t"}])
    plan = plan_render(without(marked, (120, 180)), SHORT_4S)
    assert (plan.start_frame, plan.end_frame_exclusive, plan.frames) == (90, 240, 90)
    gone = plan_render(without(marked, (80, 250)), SHORT_4S)
    assert "a marked short lies in a stretch that is left out: not used" in gone.notes
    assert 0 < gone.frames <= 120


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ([(0, 300)], "every frame"), ([(10, 10)], "out of range"), ([(50, 60), (55, 70)], "out of range"),
        ([(290, 301)], "out of range"), ([("1", 2)], "out of range"),
    ],
)  # fmt: skip
def test_marks_that_make_no_sense_are_refused(make_edl, cameras, marks, told):
    with pytest.raises(EdlUnreadable, match=told) as caught:
        plan_render(without(make_edl(CUTS, cameras), *marks), FULL)
    assert caught.value.subject.startswith("tracks.omitted")


def test_writing_moves_with_what_is_shown(make_edl, cameras):
    word = [CaptionWord("so", 30, 38), CaptionWord("um", 40, 70), CaptionWord("then", 70, 85)]
    lettering = Lettering(
        captions=(Caption(30, 85, ((word[0], word[1]), (word[2],))), Caption(45, 60, ((CaptionWord("uh", 45, 60),),))),
        overlays=(Overlay(50, 90, "title", {"text": "x"}), Overlay(41, 60, "cta", {})),
        chapters=(Chapter(0, "one"), Chapter(45, "two"), Chapter(50, "three"), Chapter(260, "four")),
    )
    plan = replace(plan_render(without(make_edl(CUTS, cameras), (40, 70)), FULL), lettering=lettering)
    shown = plan.output_lettering
    assert [(c.start_frame, c.end_frame_exclusive, c.text) for c in shown.captions] == [(30, 55, "so\nthen")]
    assert [(o.start_frame, o.end_frame_exclusive) for o in shown.overlays] == [(40, 60)]
    assert shown.chapters == (Chapter(0, "one"), Chapter(40, "three"), Chapter(230, "four"))
    assert on_output(lettering, replace(plan, omitted=()).timeline) == lettering


def test_a_chapter_that_begins_in_what_is_left_out_begins_where_the_film_goes_on(make_edl, cameras):
    edl = without(make_edl(CUTS, cameras), (0, 7), (40, 70), (280, 300))
    starts = {"one": 0, "two": 45, "three": 50, "four": 260, "five": 290}
    edl["tracks"]["chapters"] = [{"startMs": start * 1000 / 30, "title": title} for title, start in starts.items()]
    plan = plan_render(edl, FULL)
    assert plan.lettering.chapters == (Chapter(7, "one"), Chapter(70, "three"), Chapter(260, "four"))
    assert plan.output_lettering.chapters == (Chapter(0, "one"), Chapter(33, "three"), Chapter(223, "four"))
    assert [mark.start_frame for mark in chapters_of(plan)] == [0, 33, 223]


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=8))
def test_any_marks_give_every_kept_frame_once_and_sound_of_the_same_length(steps):
    from tests.render.conftest import clip, edl

    marks, at = [], 1
    for gap, length in steps:
        marks.append((at + gap, at + gap + length))
        at = marks[-1][1]
    marks = [(low, high) for low, high in marks if high <= 300]
    cameras = {"A": [clip("/m/a.mp4", frames=300)], "B": [clip("/m/b.mp4", frames=300)]}
    plan = plan_render(without(edl(CUTS, cameras), *marks), FULL)
    gone = {n for low, high in marks for n in range(low, high)}
    kept = [n for n in range(300) if n not in gone]
    assert [plan.shown(i)[1] for i in range(plan.frames)] == kept
    assert sum(segment.frames for segment in plan.segments) == plan.frames == len(kept)
    assert plan.audio.samples == plan.frames * 1600
    covered = plan.audio.spans[0].start_sample
    for span in plan.audio.spans:
        assert span.start_sample <= covered < span.end_sample_exclusive
        covered = span.end_sample_exclusive
    assert covered == plan.audio.samples


def test_what_is_said_is_heard_in_the_film_s_own_time_and_a_word_left_out_is_gone():
    words = tuple(SpokenWord(Fraction(k), Fraction(k) + Fraction(1, 2), f"w{k}") for k in range(6))
    said = SpokenTranscript("en", "a" * 64, (
        SpokenSegment(Fraction(0), Fraction(6), "w0 w1 w2 w3 w4 w5", "Ann", words),
        SpokenSegment(Fraction(7), Fraction(8), "no times here"),
        SpokenSegment(Fraction(2), Fraction(3), "wholly left out"),
    ))  # fmt: skip
    edl = SimpleNamespace(transcript=said, rate=FrameRate.parse("30"))
    heard = _as_heard(edl, KeptFrames.of(0, 300, [(60, 120)]))
    assert [(segment.text, segment.start_s, segment.end_s) for segment in heard.segments] == [
        ("w0 w1 w4 w5", 0, 4), ("no times here", 5, 6),
    ]  # fmt: skip
    assert [(word.text, word.start_s) for word in heard.segments[0].words] == [("w0", 0), ("w1", 1), ("w4", 2), ("w5", 3)]
    assert heard.sha256 == said.sha256
