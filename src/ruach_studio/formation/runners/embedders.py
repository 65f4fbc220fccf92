"""Turn settings into the one embedder of this process: a configured service, an installed package, or what is built in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ruach_studio.formation.ports import Embedder
from ruach_studio.formation.runners.embedder_cached import CachedEmbedder
from ruach_studio.formation.runners.embedder_hashing import HashingEmbedder
from ruach_studio.formation.runners.embedder_wordllama import WordLlamaEmbedder
from ruach_studio.infra.cache import Cache
from ruach_studio.infra.settings import Settings


@asynccontextmanager
async def open_embedder(settings: Settings, cache: Cache | None = None) -> AsyncIterator[Embedder]:
    """Give the embedder inside the block, `cache` before a service. Raises BadInput if a package is not installed."""
    if settings.embedding_url is not None:
        from ruach_studio.formation.runners.embedder_endpoint import EndpointEmbedder  # httpx: a tenth of a second

        async with EndpointEmbedder(
            settings.embedding_url, settings.embedding_model, key=settings.embedding_api_key,
            dimensions=settings.embedding_dimensions, least_similarity=settings.embedding_least_similarity,
        ) as service:  # fmt: skip
            yield service if cache is None else CachedEmbedder(service, cache)
    elif settings.embedder == "wordllama":
        yield await asyncio.to_thread(WordLlamaEmbedder)
    else:
        yield HashingEmbedder()
