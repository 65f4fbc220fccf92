import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation import feature_hash
from ruach_studio.formation.feature_hash import DIMENSIONS, fingerprint, vector_of

TEXT = "Repentance is not a feeling but a turn. You notice which way your feet are pointing and you turn round."


def test_the_same_text_has_the_same_bits_on_every_machine():
    # a change of these numbers means other vectors: raise WORDS_VERSION or the embedder's version, and index anew
    assert hashlib.sha256(vector_of(TEXT).tobytes()).hexdigest() == (
        "c290b33177d77ff17d25e3dd53cd843c2776c6ed3a0a299065e5a6cb8822af4a"
    )
    assert fingerprint() == "784fa399eaa3cf8a737f8ba2be2819b13cb1c8c6fe946e1dd1860770a0b25dd1"


def test_nearness_follows_the_words():
    same, near, far = (float(vector_of(TEXT) @ vector_of(other)) for other in (
        TEXT.upper(), "repenting is turning your feet", "the marathon is decided in the head"
    ))  # fmt: skip
    assert same > 0.999999
    assert near > 0.3 > far


def test_a_misspelt_word_is_near_the_right_one():
    right, wrong, other = vector_of("forgiveness"), vector_of("forgivness"), vector_of("foreigner")
    assert float(right @ wrong) > 0.5 > float(right @ other)


def test_a_text_that_says_nothing_is_the_zero_vector():
    assert not vector_of("").any()
    assert not vector_of("and so it was, was it not?").any()


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_every_vector_has_length_one_or_is_zero(text):
    vector = vector_of(text)
    assert vector.shape == (DIMENSIONS,)
    assert vector.dtype == np.float32
    length = float(np.linalg.norm(vector.astype(np.float64)))
    assert length == 0 or abs(length - 1) < 1e-6


def test_the_fingerprint_names_what_decides_a_vector(monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(feature_hash, "GROUPS", (3,))
    assert fingerprint() != before
