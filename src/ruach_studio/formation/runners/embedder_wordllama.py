"""Turn texts into vectors by WordLlama's static word embeddings: meaning without torch and without a network, if installed.

An extra (`pip install 'ruach-studio[wordllama]'`), not the default: its weights descend from Llama 2, whose licence asks
more of who passes them on than ours does (docs/decisions). A text is embedded alone, so that no neighbour pads it.
"""

import asyncio
import logging
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import sha256_hex


class WordLlamaEmbedder:
    """The 256 numbers of WordLlama's own small model, which lies in its wheel."""

    def __init__(self) -> None:
        """Load the model, half a second. Raises BadInput if the package is not installed."""
        quiet = logging.NullHandler()
        logging.root.addHandler(quiet)  # the package calls basicConfig, which keeps its hands off where a handler is
        try:
            import wordllama
        except ImportError as error:
            raise BadInput("the package wordllama is not installed", subject="RUACH_EMBEDDER",
                           remedy="pip install 'ruach-studio[wordllama]', or leave it at hashing.") from error  # fmt: skip
        finally:
            logging.root.removeHandler(quiet)
        folder = Path(wordllama.__file__).parent
        # its tokenizer lies in its own folder, where it only looks if told that this is the cache
        self._model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
        self.fingerprint = sha256_hex((folder / "weights" / "l2_supercat_256.safetensors").read_bytes())
        self.embedder_id = f"wordllama-l2-supercat-256:{self.fingerprint[:12]}"
        self.least_similarity, self.weight = 0.1, Fraction(1)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row of 256 per text, computed in a thread."""
        return await asyncio.to_thread(self._rows, list(texts))

    def _rows(self, texts: list[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), 256), np.float32)
        for place, text in enumerate(texts):
            vector = np.asarray(self._model.embed([text])[0], np.float64)
            length = float(np.linalg.norm(vector))
            rows[place] = vector / length if length else vector
        return rows
