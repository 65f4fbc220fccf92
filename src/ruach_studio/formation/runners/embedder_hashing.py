"""Turn texts into vectors by counting (feature_hash.py): no model, no download, no network, the same on every machine."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation import feature_hash


class HashingEmbedder:
    """The embedder that is built in."""

    def __init__(self) -> None:
        self.fingerprint = feature_hash.fingerprint()
        self.embedder_id = f"hashing-v1:{self.fingerprint[:12]}"
        # two texts that share nothing meet by chance at 0, give or take 1 / sqrt(384) = 0.05; twice that is hardly chance
        self.least_similarity = 0.1
        self.weight = Fraction(1, 2)  # it knows spelling, not meaning: it helps full text out and does not outvote it

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row of 384 per text, computed in a thread."""
        return await asyncio.to_thread(_rows, list(texts))


def _rows(texts: list[str]) -> NDArray[np.float32]:
    rows = np.zeros((len(texts), feature_hash.DIMENSIONS), np.float32)
    for place, text in enumerate(texts):
        rows[place] = feature_hash.vector_of(text)
    return rows
