from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.phrases import TALL, WIDE, PhraseLimits, phrases, sentences
from ruach_studio.render.plan.said import ends_sentence, said
from ruach_studio.render.plan.spoken import (
    SpokenSegment,
    SpokenTranscript,
    SpokenWord,
    TranscriptUnreadable,
    read_transcript,
)

R25 = FrameRate.parse("25")
GENESIS = "In the beginning God created the heaven and the earth. And the earth was without form, and void; and darkness"


def spoken(*segments):
    return SpokenTranscript("en", "", segments)


def timed(text, start_ms=0, word_ms=240, gap_ms=0, speaker=None):
    """A segment whose words follow one another, each `word_ms` long and `gap_ms` apart."""
    step, words = word_ms + gap_ms, text.split()
    own = tuple(
        SpokenWord(Fraction(start_ms + i * step, 1000), Fraction(start_ms + i * step + word_ms, 1000), word)
        for i, word in enumerate(words)
    )
    return SpokenSegment(own[0].start_s, own[-1].end_s, text, speaker, own)


def shown(captions):
    return [(c.start_frame, c.end_frame_exclusive, c.text) for c in captions]


def test_a_caption_ends_with_the_sentence_and_is_balanced():
    assert shown(phrases(spoken(timed(GENESIS)), R25, 1000)) == [
        (0, 30, "In the beginning\nGod created"),
        (30, 60, "the heaven\nand the earth."),
        (60, 96, "And the earth\nwas without form,"),
        (96, 120, "and void;\nand darkness"),
    ]


def test_a_wide_picture_takes_longer_lines():
    captions = phrases(spoken(timed(GENESIS)), R25, 1000, WIDE)
    assert [c.text for c in captions] == [
        "In the beginning God created\nthe heaven and the earth.",
        "And the earth was without form,\nand void; and darkness",
    ]


def test_a_pause_over_450_ms_ends_a_caption_and_one_of_450_does_not():
    kept = spoken(timed("one two"), timed("three four", start_ms=480 + 450))
    parted = spoken(timed("one two"), timed("three four", start_ms=480 + 451))
    assert [c.text for c in phrases(kept, R25, 200)] == ["one two three four"]
    assert [c.text for c in phrases(parted, R25, 200)] == ["one two", "three four"]


def test_a_new_speaker_gets_his_own_caption():
    captions = phrases(spoken(timed("yes", speaker="anna"), timed("no", start_ms=240, speaker="ben")), R25, 200)
    assert [(c.text, c.speaker) for c in captions] == [("yes", "anna"), ("no", "ben")]


def test_no_caption_lasts_longer_than_3_2_s():
    slow = phrases(spoken(timed("a b c d e f g h", word_ms=800)), R25, 500)
    assert shown(slow) == [(0, 80, "a b c d"), (80, 160, "e f g h")]
    assert shown(phrases(spoken(timed("Amen", word_ms=9000)), R25, 500)) == [(0, 80, "Amen")]
    exact, over = (spoken(timed(" ".join("abcdefghijklmnopqrst"), word_ms=ms)) for ms in (160, 162))
    assert [len(phrases(each, R25, 500)) for each in (exact, over)] == [1, 2]  # 80 and 81 frames


def test_a_short_caption_stands_for_800_ms_but_never_over_the_next():
    alone = phrases(spoken(timed("No.")), R25, 500)
    assert shown(alone) == [(0, 20, "No.")]
    followed = phrases(spoken(timed("No."), timed("Yes.", start_ms=240)), R25, 500)
    assert shown(followed) == [(0, 6, "No."), (6, 26, "Yes.")]
    assert shown(phrases(spoken(timed("No.")), R25, 10)) == [(0, 10, "No.")]


def test_a_small_gap_to_the_next_caption_is_closed_a_larger_one_stays():
    near = spoken(timed("It is good."), timed("Very good.", start_ms=720 + 320))
    far = spoken(timed("It is good."), timed("Very good.", start_ms=720 + 360))
    assert phrases(near, R25, 500)[0].end_frame_exclusive == 26
    assert phrases(far, R25, 500)[0].end_frame_exclusive == 20


def test_words_without_times_share_the_segment_by_their_characters():
    segment = SpokenSegment(Fraction(1), Fraction(3), "be still and know")  # 3 + 6 + 4 + 5 = 18 shares of 2 s
    words = [each.word for each in said(spoken(segment), R25, 500)]
    assert [(w.start_frame, w.end_frame_exclusive) for w in words] == [(25, 33), (33, 50), (50, 61), (61, 75)]


def test_a_corrected_text_wins_over_the_words_times():
    heard = timed("For God so loved the wold")
    corrected = replace(heard, text="For God so loved the world")
    assert [each.word.text for each in said(spoken(corrected), R25, 500)] == ["For", "God", "so", "loved", "the", "world"]


def test_words_of_a_script_without_blanks_keep_their_times():
    own = (SpokenWord(Fraction(0), Fraction(1), "太初"), SpokenWord(Fraction(1), Fraction(2), "有道。"))
    words = [each.word for each in said(spoken(SpokenSegment(Fraction(0), Fraction(2), "太初有道。", None, own)), R25, 100)]
    assert [(w.text, w.start_frame) for w in words] == [("太初", 0), ("有道。", 25)]


def test_words_outside_the_programme_are_left_out():
    captions = phrases(spoken(timed("before", -500), timed("inside", 0), timed("after", 4000)), R25, 100)
    assert [c.text for c in captions] == ["inside"]


def test_more_words_than_frames_is_an_error():
    with pytest.raises(TranscriptUnreadable, match="it has 6 words in 5 frames"):
        phrases(spoken(timed("a b c d e f", word_ms=1)), R25, 5)


@pytest.mark.parametrize(
    ("word", "following", "ends"),
    [
        ("earth.", "And", True), ("Dr.", "Luke", False), ("S.", "Lewis", False), ("I.", "He", True), ("Cor.", "13", False),
        ("Cor.", "He", True), ("3.5", "miles", False), ('good."', "He", True), ("why?!", "He", True), ("well…", "he", True),
        ("Dr.", None, True), ("void,", "and", False), (".", "He", True),
    ],
)  # fmt: skip
def test_a_full_stop_is_not_always_an_end(word, following, ends):
    assert ends_sentence(word, following) is ends


def test_sentences_are_whole_whatever_the_segments():
    found = sentences(spoken(timed("God created the"), timed("earth. And it was", 720), timed("so. Amen", 1680)), R25, 500)
    assert [(s.start_frame, s.end_frame_exclusive, s.text) for s in found] == [
        (0, 24, "God created the earth."), (24, 48, "And it was so."), (48, 54, "Amen"),
    ]  # fmt: skip
    assert [word.text for word in found[1].words] == ["And", "it", "was", "so."]


def test_a_pause_of_800_ms_ends_a_sentence_without_a_full_stop():
    found = sentences(spoken(timed("one two"), timed("three", 480 + 799), timed("four", 480 + 799 + 240 + 800)), R25, 500)
    assert [s.text for s in found] == ["one two three", "four"]


def test_without_a_transcript_there_is_nothing():
    assert phrases(None, R25, 100) == () == sentences(None, R25, 100)


def test_the_wire_is_read_exactly_and_its_faults_are_named():
    good = {"language": "en", "sha256": "ab", "segments": [
        {"startMs": 40.003, "endMs": 900, "text": "Hi there", "words": [{"startMs": 40.003, "endMs": 300, "text": "Hi"}]},
    ]}  # fmt: skip
    read = read_transcript(good)
    assert read is not None
    assert read.segments[0].start_s == Fraction(40003, 1_000_000)
    assert read_transcript(None) is None
    backwards = {"text": "x", "startMs": 2, "endMs": 1}
    faults = {
        "transcript": [], "transcript.segments[0]": {"segments": [{"startMs": 0, "endMs": 1}]},
        "transcript.segments[0].endMs": {"segments": [{"startMs": 0, "endMs": "x", "text": ""}]},
        "transcript.segments[0].startMs": {"segments": [{"startMs": float("nan"), "endMs": 1, "text": ""}]},
        "transcript.segments[0].words[0]": {"segments": [{**good["segments"][0], "words": [backwards]}]},
        "transcript.segments[1]": {"segments": [good["segments"][0], {"startMs": 0, "endMs": 1, "text": ""}]},
    }  # fmt: skip
    for subject, wire in faults.items():
        with pytest.raises(TranscriptUnreadable) as caught:
            read_transcript(wire)
        assert caught.value.subject == subject


TOKENS = st.text("ab.,?!{}\\-éא太", min_size=1, max_size=24)


@st.composite
def transcripts(draw):
    """Segments in order with words that may overlap, stand still or run out of their segment."""
    at, segments = Fraction(draw(st.integers(-3000, 3000)), 1000), []
    for _ in range(draw(st.integers(1, 8))):
        tokens = draw(st.lists(TOKENS, min_size=1, max_size=9))
        length = Fraction(draw(st.integers(1, 6000)), 1000)
        own = []
        if draw(st.booleans()):
            for token in tokens:
                start = at + length * draw(st.integers(-10, 110)) / 100
                own.append(SpokenWord(start, start + Fraction(draw(st.integers(0, 5000)), 1000), token))
        segments.append(
            SpokenSegment(at, at + length, " ".join(tokens), draw(st.sampled_from([None, "a", "b"])), tuple(own))
        )
        at += length + Fraction(draw(st.integers(0, 1200)), 1000)
    return spoken(*segments)


@settings(max_examples=40, deadline=None)
@given(
    transcripts(), st.sampled_from(["25", "30000/1001", "60"]), st.sampled_from([100, 700, 3000]),
    st.builds(PhraseLimits, line_chars=st.integers(4, 42), lines=st.integers(1, 3)),
)  # fmt: skip
def test_no_word_is_lost_and_no_limit_broken(transcript, fps, frames, limits):
    rate = FrameRate.parse(fps)
    words = [each.word for each in said(transcript, rate, frames)]
    captions = phrases(transcript, rate, frames, limits)
    assert [w.text for c in captions for line in c.lines for w in line] == [w.text for w in words]
    assert [w for s in sentences(transcript, rate, frames) for w in s.words] == words
    assert all(0 <= w.start_frame < w.end_frame_exclusive <= frames for w in words)
    assert all(a.end_frame_exclusive <= b.start_frame for a, b in pairwise(words))
    assert all(a.end_frame_exclusive <= b.start_frame for a, b in pairwise(captions))
    longest = rate.frame_at(limits.longest_s)
    for caption in captions:
        inside = [w for line in caption.lines for w in line]
        assert 0 <= caption.start_frame < caption.end_frame_exclusive <= frames
        assert caption.start_frame == inside[0].start_frame
        assert inside[-1].end_frame_exclusive <= caption.end_frame_exclusive <= caption.start_frame + longest
        assert len(caption.lines) <= limits.lines
        assert all(len(line) <= limits.line_chars for line in caption.text.split("\n")) or len(inside) == 1
    assert captions == phrases(transcript, rate, frames, limits)


def test_the_limits_of_a_tall_picture_are_the_platforms():
    assert (TALL.line_chars, TALL.lines, TALL.gap_s, TALL.longest_s) == (20, 2, Fraction("0.45"), Fraction("3.2"))
