"""Turn texts into vectors by an OpenAI-compatible `/embeddings` service: a hosted one, or a local one such as Ollama.

The answer is checked before it is used: one vector per text, all of one size, finite, not zero; each is brought to length
1. The key travels in the header only and is in no message. Whether texts leave the machine is the address's matter.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Self

import httpx
import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from ruach_studio.formation.ports import EmbedderAnswerRefused
from ruach_studio.kernel.errors import Unavailable
from ruach_studio.kernel.hashing import inputs_hash

BATCH = 64
MOST_DIMENSIONS = 4096
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_TRY_AGAIN = frozenset({408, 409, 425, 429})


class EmbedderUnavailable(Unavailable):
    """The embedding service does not answer right now."""

    code = "embedder_unavailable"


class EndpointEmbedder:
    """An embedding service. Use as `async with EndpointEmbedder(...)`; the connection pool closes with the block."""

    def __init__(
        self, url: str, model: str, *, key: SecretStr | None = None, dimensions: int | None = None,
        least_similarity: float = 0.3,
    ) -> None:  # fmt: skip
        """Take the base address (without `/embeddings`), the model's name and, where it can be chosen, the vectors' size."""
        self._address = f"{url.rstrip('/')}/embeddings"
        self._model, self._dimensions = model, dimensions
        headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
        self._client = httpx.AsyncClient(headers=headers, timeout=_TIMEOUT, follow_redirects=False)
        self.embedder_id = f"endpoint:{model}" + (f":{dimensions}" if dimensions else "")
        self.fingerprint = inputs_hash({"address": self._address, "model": model, "dimensions": dimensions})
        self.least_similarity, self.weight = least_similarity, Fraction(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row per text. Raises EmbedderUnavailable, EmbedderAnswerRefused."""
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), BATCH):
            rows.append(await self._batch(list(texts[start : start + BATCH])))
        if len({each.shape[1] for each in rows}) > 1:
            raise self._refused("its vectors have different sizes")
        return np.concatenate(rows) if rows else np.zeros((0, self._dimensions or 1), np.float32)

    async def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        asked: dict[str, Any] = {"model": self._model, "input": texts, "encoding_format": "float"}
        if self._dimensions:
            asked["dimensions"] = self._dimensions
        try:
            answer = await self._client.post(self._address, json=asked)
        except httpx.HTTPError as error:
            raise EmbedderUnavailable(type(error).__name__, subject=self.embedder_id,
                                      remedy="See that the service at RUACH_EMBEDDING_URL runs.") from error  # fmt: skip
        if answer.status_code in _TRY_AGAIN or answer.status_code >= 500:
            raise EmbedderUnavailable(f"it answered {answer.status_code}", subject=self.embedder_id)
        if answer.status_code != httpx.codes.OK:
            raise self._refused(f"it answered {answer.status_code}")
        return self._checked(answer, len(texts))

    def _checked(self, answer: httpx.Response, count: int) -> NDArray[np.float32]:
        try:
            data = answer.json()["data"]
            placed = {int(each["index"]): [float(number) for number in each["embedding"]] for each in data}
        except (ValueError, TypeError, KeyError) as error:
            raise self._refused("it is not a list of embeddings") from error
        if len(data) != count or placed.keys() != set(range(count)):
            raise self._refused(f"{len(data)} vectors for {count} texts")
        sizes = {len(each) for each in placed.values()}
        if len(sizes) != 1 or not 1 <= (size := sizes.pop()) <= MOST_DIMENSIONS:
            raise self._refused("its vectors have different sizes, none, or too many numbers")
        if self._dimensions and size != self._dimensions:
            raise self._refused(f"its vectors have {size} numbers, {self._dimensions} were asked for")
        rows = np.array([placed[place] for place in range(count)], np.float64)
        lengths = np.array([math.hypot(*row) for row in rows])
        if not np.isfinite(rows).all() or not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise self._refused("a vector is not finite, or zero")
        return np.asarray(rows / lengths[:, None], np.float32)

    def _refused(self, fact: str) -> EmbedderAnswerRefused:
        remedy = "Check RUACH_EMBEDDING_URL, RUACH_EMBEDDING_MODEL, RUACH_EMBEDDING_DIMENSIONS and the key."
        return EmbedderAnswerRefused(fact, subject=self.embedder_id, remedy=remedy)
