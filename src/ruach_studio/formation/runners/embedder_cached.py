"""Turn the text that a member searches for into its vector without asking the service again for what it was asked before.

Only single texts (searches) are kept, by the SHA-256 of the text under the fingerprint of what makes the vector: 32-bit
floats, exactly as they came. Passages are embedded in batches, once each, and are kept in PostgreSQL anyway.
"""

import base64
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.ports import Embedder
from ruach_studio.infra.cache import Cache


class CachedEmbedder:
    """`embedder` with `cache` before it; whatever else it says is the embedder's."""

    def __init__(self, embedder: Embedder, cache: Cache) -> None:
        self._embedder = embedder
        self._cache = cache
        self.embedder_id, self.fingerprint = embedder.embedder_id, embedder.fingerprint
        self.least_similarity, self.weight = embedder.least_similarity, embedder.weight

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Embedder.embed."""
        if len(texts) != 1:
            return await self._embedder.embed(texts)
        key = f"vector:{self.fingerprint}:{hashlib.sha256(texts[0].encode()).hexdigest()}"
        kept = await self._cache.get(key)
        if kept is not None:
            return np.frombuffer(base64.b64decode(kept), np.float32).reshape(1, -1).copy()
        made = await self._embedder.embed(texts)
        await self._cache.put(key, base64.b64encode(np.ascontiguousarray(made, np.float32).tobytes()).decode())
        return made
