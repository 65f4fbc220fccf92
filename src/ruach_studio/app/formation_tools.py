"""Turn settings into what formation's use cases share within a process: graphs, recorder, embedder, assessor."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from ruach_studio.formation.entrypoints.path_file import shipped_graphs
from ruach_studio.formation.ports import ReflectionAssessor, StaticAnswers
from ruach_studio.formation.runners.embedder_hashing import HashingEmbedder
from ruach_studio.formation.runners.embedders import open_embedder
from ruach_studio.formation.store.graphs import GraphCache
from ruach_studio.formation.store.recorder import Recorder
from ruach_studio.infra.cache import RedisCache
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.port import JobQueue
from ruach_studio.infra.redis_link import RedisLink
from ruach_studio.infra.settings import Settings


def tools(database: Database, queue: JobQueue) -> Mapping[str, object]:
    """Return what a process has of each once, by field of Services."""
    return {
        "recorder": Recorder(database, queue), "graphs": GraphCache(), "static_answers": StaticAnswers(),
        "embedder": HashingEmbedder(),
    }  # fmt: skip


@asynccontextmanager
async def open_tools(settings: Settings, link: RedisLink | None) -> AsyncIterator[Mapping[str, object]]:
    """Give, by field of Services, the configured embedder and assessor, and graphs with the path that ships behind them.

    Raises BadInput if a package that is asked for is not installed.
    """
    cache = None if link is None else RedisCache(link, keep_s=settings.cache_s)
    async with _assessor(settings) as assessor, open_embedder(settings, cache) as embedder:
        yield {"graphs": GraphCache(shipped_graphs), "assessor": assessor, "embedder": embedder}


@asynccontextmanager
async def _assessor(settings: Settings) -> AsyncIterator[ReflectionAssessor | None]:
    """Give the language model that reads reflections, if one is configured."""
    if settings.assessor_url is None or settings.assessor_model is None:
        yield None
        return
    import httpx  # a tenth of a second to load, and only this needs it

    from ruach_studio.formation.runners.llm_assessor import LlmAssessor

    key = settings.assessor_api_key.get_secret_value() if settings.assessor_api_key else None
    async with httpx.AsyncClient() as client:
        yield LlmAssessor(client, settings.assessor_url, settings.assessor_model, key, timeout_s=settings.assessor_timeout_s)
