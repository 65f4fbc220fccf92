"""Words after a pause begin with their sound; words in a row, and words without sound, stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.speech_onset import loud_steps, with_onsets
from ruach_studio.assembly.transcript import Segment, Word

RATE = 16_000


def sound(*spans_s, seconds=6.0):
    made = np.random.default_rng(3).normal(0, 1e-3, round(seconds * RATE)).astype(np.float32)
    for start, end in spans_s:
        made[round(start * RATE) : round(end * RATE)] *= 100
    return made


def starts(samples, *words):
    segment = Segment(words[0].start_ms, words[-1].end_ms, " ".join(w.text for w in words), None, None, words)
    (made,) = with_onsets([segment], samples, RATE)
    assert made.start_ms == made.words[0].start_ms
    return [word.start_ms for word in made.words]


def test_a_word_that_begins_in_silence_waits_for_its_sound():
    assert starts(sound((2.0, 3.0)), Word(1600, 2500, "set")) == [2000]


def test_a_word_that_begins_late_begins_with_its_sound_but_never_in_the_word_before():
    assert starts(sound((2.0, 3.0)), Word(2300, 2800, "set")) == [2000]
    assert starts(sound((2.0, 3.5)), Word(2010, 2410, "set"), Word(2900, 3200, "one")) == [2010, 2420]
    assert starts(sound((1.0, 3.0)), Word(2300, 2800, "set")) == [1700]  # 0.6 s at most


def test_words_in_a_row_and_words_without_sound_stay():
    assert starts(sound((2.0, 3.0)), Word(2000, 2300, "a"), Word(2310, 2900, "b")) == [2000, 2310]
    assert starts(sound((2.0, 3.0)), Word(4000, 4500, "ghost")) == [4000]
    assert starts(np.zeros(0, np.float32), Word(0, 500, "x")) == [0]


def test_a_pause_that_was_given_to_the_words_beside_it_is_taken_back():
    words = (Word(1000, 2300, "grow"), Word(2300, 3200, "and"))
    (made,) = with_onsets([Segment(1000, 3200, "grow and", None, None, words)], sound((1.0, 2.0), (2.5, 3.0)), RATE)
    assert [(w.start_ms, w.end_ms) for w in made.words] == [(1000, 2000), (2500, 3000)]
    assert (made.start_ms, made.end_ms) == (1000, 3000)


def test_a_word_of_no_length_takes_the_sound_before_it():
    assert starts(sound((1.0, 1.3), (1.7, 2.16)), Word(1000, 1300, "kitchen."), Word(2180, 2200, "Yes,")) == [1000, 1700]


def test_loud_is_measured_against_floor_and_peak():
    loud = loud_steps(sound((2.0, 3.0)), RATE)
    assert (int(loud.sum()), int(np.flatnonzero(loud)[0])) == (50, 100)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5900), st.integers(0, 900)), min_size=1, max_size=8))
def test_no_word_ends_before_it_starts(pairs):
    words = tuple(Word(float(a), float(a + n), "x") for a, n in sorted(pairs))
    made = starts(sound((1.0, 2.0), (4.0, 4.3)), *words)
    assert all(start <= word.end_ms for start, word in zip(made, words, strict=True))
    assert made[0] == pytest.approx(words[0].start_ms, abs=900)
