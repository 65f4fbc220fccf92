import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import LockedEdl
from ruach_studio.render.plan.phrases import sentences
from ruach_studio.render.plan.short import Spoken, Talk, choose_short, condensed
from ruach_studio.render.plan.spoken import read_transcript
from ruach_studio.render.plan.window import choose_window
from ruach_studio.render.plan.wire import Cut, MarkedShort
from ruach_studio.render.usecases.recompute_decisions import decide_again

RATE = FrameRate.parse(30)
MINUTE = Fraction(60)


def said(*lines):
    """A transcript from (start, end, text) in seconds."""
    return read_transcript(
        {"language": "en", "sha256": "0" * 64,
         "segments": [{"startMs": 1000 * a, "endMs": 1000 * b, "text": text} for a, b, text in lines]}
    )  # fmt: skip


def talk(transcript, seconds=180, shorts=(), cut=("speaker", 0.8)):
    cuts = (Cut(0, 30 * seconds, "A", *cut),)
    return LockedEdl("s", 1, "A", RATE, 30 * seconds, cuts, tuple(shorts), {}, (), transcript)


def sentences_of(seconds, length=8, pause=2, words=16, until=None):
    """One sentence of `words` every `length + pause` seconds, from second 1 on."""
    text = " ".join(["word"] * (words - 1)) + " end."
    step = length + pause
    return [(1 + k * step, 1 + k * step + length, text) for k in range((until or seconds) // step)]


def test_it_begins_and_ends_in_the_pauses_around_whole_sentences():
    window = choose_window(talk(said(*sentences_of(180))), MINUTE)
    assert window.start_frame in {30 * a - 5 for a, _, _ in sentences_of(180)}  # 0.15 s before, to the nearest frame
    assert window.end_frame_exclusive in {30 * b + 8 for _, b, _ in sentences_of(180)}
    assert 900 <= window.end_frame_exclusive - window.start_frame <= 1800
    assert window.decided.verdict.rules_version == "short-v2"
    assert window.note is None


def test_the_livelier_part_wins_and_the_next_best_are_named():
    dull = [(a, b, "one two.") for a, b, _ in sentences_of(180, length=3, pause=7)]
    lively = [(a, b, text) for a, b, text in sentences_of(180, length=8, pause=2, words=24) if 100 < a < 150]
    lines = sorted([line for line in dull if not 98 < line[0] < 152] + lively)
    window = choose_window(talk(said(*lines)), MINUTE)
    assert 100 < window.start_frame / 30 < 122
    assert window.end_frame_exclusive / 30 <= 150.5
    reasons = window.decided.verdict.reasons
    assert "pace stands for energy" in reasons[1]
    assert sum(reason.startswith("next: ") for reason in reasons) == 2
    assert f"{window.decided.verdict.confidence:.3f}" in reasons[5]


def scored(**change):
    base = Spoken(0, 1000, 50, 900, 10, 0)
    made = choose_short(Talk(RATE, 5000, 1800, (Cut(0, 5000, "A", "speaker", 0.8),), (), (replace(base, **change),)))
    return made[2].verdict.confidence


def test_fillers_and_silence_cost_what_the_rule_says():
    assert scored() - scored(fillers=1) == pytest.approx(0.10)
    assert scored() - scored(fillers=2) == pytest.approx(0.20)
    assert scored(pause_frames=0) - scored(pause_frames=45) == pytest.approx(0.075)
    assert scored(pause_frames=90) == scored(pause_frames=300)
    assert scored() > scored(spoken_frames=500)


def test_a_filler_at_the_front_is_counted_once_it_leads():
    found = condensed(sentences(said((1, 5, "So, um, well this is it."), (6, 9, "This is so good.")), RATE, 900))
    assert [each.fillers for each in found] == [2, 0]
    assert [each.words for each in found] == [6, 4]


def test_of_equals_the_earliest_and_the_same_again():
    lines = sentences_of(180)
    one, two = (choose_window(talk(said(*lines)), MINUTE) for _ in range(2))
    assert one == two
    assert one.decided.verdict.inputs_hash == two.decided.verdict.inputs_hash


def test_the_operators_mark_ends_after_the_last_sentence_inside():
    mark = MarkedShort(300, 3600, "x")
    window = choose_window(talk(said(*sentences_of(180)), shorts=[mark]), MINUTE)
    assert window.start_frame == 300
    assert window.end_frame_exclusive == 30 * 69 + 8  # the sentence from 61 s to 69 s is the last that ends before 70 s
    assert any("last whole sentence" in reason for reason in window.decided.verdict.reasons)
    kept = choose_window(talk(said(*sentences_of(180)), shorts=[MarkedShort(300, 1000, "x")]), MINUTE)
    assert (kept.start_frame, kept.end_frame_exclusive) == (300, 1000)


def test_without_a_sentence_end_inside_the_mark_it_is_the_limit():
    window = choose_window(talk(said((0, 170, "on and on")), shorts=[MarkedShort(30, 4000, "x")]), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (30, 1830)
    assert any("inside a sentence" in reason for reason in window.decided.verdict.reasons)


def test_where_sentences_are_few_the_longest_run_counts_and_where_none_fits_cuts_do():
    window = choose_window(talk(said((20, 26, "A short word."), (120, 124, "Another."))), MINUTE)
    assert (window.start_frame, window.end_frame_exclusive) == (595, 788)
    window = choose_window(talk(said((0, 170, "on and on"))), MINUTE)
    assert window.decided.verdict.rules_version == "short-v1"
    assert "no run of whole sentences fits into 1:00" in window.note


def test_without_a_transcript_a_note_says_what_is_missing():
    window = choose_window(talk(None), MINUTE)
    assert window.decided.verdict.rules_version == "short-v1"
    assert "the EDL has no transcript" in window.note
    assert choose_window(talk(None, seconds=40), MINUTE).note is None


sentence = st.tuples(st.integers(0, 12) | st.integers(0, 200), st.integers(1, 900), st.integers(1, 40), st.integers(0, 2))
lengths = st.lists(sentence, min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(150, 2000))
def test_no_word_is_ever_cut_and_stored_inputs_say_the_same(made, limit):
    spoken, at = [], 0
    for gap, length, words, fillers in made:
        spoken.append(Spoken(at + gap, at + gap + length, words, length * 3 // 4, length // 9, fillers))
        at += gap + length
    whole = Talk(RATE, at + 50, limit, (Cut(0, at + 50, "A", "speaker", 0.5),), (), tuple(spoken))
    found = choose_short(whole)
    if found is None:
        assert all(each.end_frame_exclusive - each.start_frame > limit - 5 for each in spoken)
        return
    start, end, decided = found
    assert 0 <= start < end <= whole.frames
    assert end - start <= limit
    assert all(not each.start_frame < edge < each.end_frame_exclusive for each in spoken for edge in (start, end))
    again = decide_again("short-v2", json.loads(json.dumps(decided.inputs)))
    assert again.verdict == decided.verdict


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["speaker", "wide"]), st.floats(0, 1)), min_size=1))
def test_only_the_cuts_of_the_stretch_count_and_all_of_them(parts):
    """Counted here over all cuts: those that lie elsewhere add nothing."""
    cuts, at = [], 0
    for frames, reason, confidence in [*parts, (5400, "wide", 0.5)]:
        cuts.append(Cut(at, min(at + frames, 5400), "A", reason, confidence))
        at += frames
        if at >= 5400:
            break
    spoken = condensed(sentences(said(*sentences_of(180)), RATE, 5400))
    start, end, why = choose_short(Talk(RATE, 5400, 1800, tuple(cuts), (), spoken))
    shares = [(min(c.end_frame_exclusive, end) - max(c.start_frame, start), c) for c in cuts]
    shares = [(frames, c) for frames, c in shares if frames > 0]
    assert sum(frames for frames, _ in shares) == end - start
    sure = sum(frames * c.confidence for frames, c in shares) / (end - start)
    person = sum(frames for frames, c in shares if c.reason == "speaker") / (end - start)
    assert f"mean confidence of its cuts {sure:.2f}; {person:.0%} of it shows" in " ".join(why.verdict.reasons)
