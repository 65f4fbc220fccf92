"""Turn a text into a unit vector by counting: its words, word pairs and groups of letters, hashed into 384 places.

No model and nothing learned: each feature has a fixed place and sign (BLAKE2b), its count weighs 1 + log2(count) from a
table, and all sums are whole numbers until one square root and one division, so that every machine gets the same bits. Two
texts are near if they speak of the same things in like words; a vector ranks, it decides nothing (guard rail: no
prediction). The words are stemmed by words.py. A list of synonyms was tried and not kept: it moved the labelled questions of
bench/formation_search.py by 0.01. Who wants paraphrases found configures a real model behind `embedders/endpoint.py`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.words import STOP_WORDS, WORDS_VERSION, stems_of
from ruach_studio.kernel.hashing import inputs_hash

DIMENSIONS = 384
WORD, PAIR, GRAM = 4, 2, 1
_GRAM_LETTERS = 4
# 1024 * (1 + log2(count)) for 1 to 16, written out: logarithms differ in their last bit between machines
_DAMPED = (0, 1024, 2048, 2647, 3072, 3402, 3671, 3899, 4096, 4270, 4426, 4566, 4695, 4813, 4923, 5025, 5120)


def vector_of(text: str) -> NDArray[np.float32]:
    """Return the unit vector of `text`, shape (384,); all zeros if it has no word that carries meaning."""
    sums = [0] * DIMENSIONS
    for (feature, weight), count in Counter(_features(text)).items():
        place, sign = _place(feature) if feature[0] == "p" else _known_place(feature)
        sums[place] += sign * weight * _DAMPED[min(count, len(_DAMPED) - 1)]
    length = np.sqrt(np.float64(sum(each * each for each in sums)))
    vector = np.array(sums, np.float64)
    return (vector / length if length else vector).astype(np.float32)


def fingerprint() -> str:
    """Return the SHA-256 over everything that decides a vector: two that agree give the same vectors."""
    rules = {
        "dimensions": DIMENSIONS, "weights": [WORD, PAIR, GRAM], "gram": _GRAM_LETTERS, "damped": _DAMPED,
        "words": WORDS_VERSION, "stopWords": STOP_WORDS,
    }  # fmt: skip
    return inputs_hash(rules)


def _features(text: str) -> Iterator[tuple[str, int]]:
    stems = stems_of(text)
    for stem in stems:
        yield f"w {stem}", WORD
        bounded = f"<{stem}>"
        for start in range(len(bounded) - _GRAM_LETTERS + 1):
            yield f"g {bounded[start : start + _GRAM_LETTERS]}", GRAM
    for first, second in pairwise(stems):
        yield f"p {first} {second}", PAIR


@lru_cache(maxsize=200_000)
def _known_place(feature: str) -> tuple[int, int]:
    return _place(feature)  # words and groups of letters come again; pairs hardly do, and would only push those out


def _place(feature: str) -> tuple[int, int]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return (number >> 1) % DIMENSIONS, 1 if number & 1 else -1
