"""Turn a text into a unit vector by counting: its words and their groups of letters, hashed into 384 places.

No model and nothing learned: each feature has a fixed place and sign (BLAKE2b), its count weighs 1 + log2(count) from a
table, and all sums are whole numbers until one square root and one division, so that every machine gets the same bits. Two
texts are near if they use like words, spelled right or wrong; what they mean it cannot know. A vector ranks, it decides
nothing (guard rail: no prediction). Words are stemmed by words.py. Sizes and weights were chosen on the labelled questions
of bench/formation_search.py; a list of synonyms and pairs of words were tried there and not kept.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.words import STOP_WORDS, WORDS_VERSION, stems_of
from ruach_studio.kernel.hashing import inputs_hash

DIMENSIONS = 384
GROUPS = (3, 4)  # letters in a group; a word is bounded by < and >, so that its ends count
# 1024 * (1 + log2(count)) for 1 to 16, written out: logarithms differ in their last bit between machines
_DAMPED = (0, 1024, 2048, 2647, 3072, 3402, 3671, 3899, 4096, 4270, 4426, 4566, 4695, 4813, 4923, 5025, 5120)


def vector_of(text: str) -> NDArray[np.float32]:
    """Return the unit vector of `text`, shape (384,); all zeros if it has no word that carries meaning."""
    sums = [0] * DIMENSIONS
    for feature, count in Counter(_features(text)).items():
        place, sign = _place(feature)
        sums[place] += sign * _DAMPED[min(count, len(_DAMPED) - 1)]
    length = np.sqrt(np.float64(sum(each * each for each in sums)))
    vector = np.array(sums, np.float64)
    return (vector / length if length else vector).astype(np.float32)


def fingerprint() -> str:
    """Return the SHA-256 over everything that decides a vector: two that agree give the same vectors."""
    rules = {
        "dimensions": DIMENSIONS, "groups": GROUPS, "damped": _DAMPED, "words": WORDS_VERSION, "stopWords": STOP_WORDS,
    }  # fmt: skip
    return inputs_hash(rules)


def _features(text: str) -> Iterator[str]:
    for stem in stems_of(text):
        yield f"w {stem}"
        bounded = f"<{stem}>"
        for letters in GROUPS:
            for start in range(len(bounded) - letters + 1):
                yield f"g {bounded[start : start + letters]}"


@lru_cache(maxsize=200_000)
def _place(feature: str) -> tuple[int, int]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return (number >> 1) % DIMENSIONS, 1 if number & 1 else -1
