"""Turn settings into the running parts that every face of the product shares.

The only place that chooses an implementation: which database, which queue, which store. Everything opened here is
closed in the reverse order, also when opening a later part fails.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from ruach_studio.formation.entrypoints.path_file import shipped_graphs
from ruach_studio.formation.ports import Embedder, ReflectionAssessor, StaticAnswers
from ruach_studio.formation.runners.embedder_hashing import HashingEmbedder
from ruach_studio.formation.runners.embedders import open_embedder
from ruach_studio.formation.store.graphs import GraphCache
from ruach_studio.formation.store.recorder import Recorder
from ruach_studio.infra.cache import RedisCache
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.embedded.keeper import keep_running
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues import BullmqPostgres, BullmqRedis
from ruach_studio.infra.redis_link import RedisAway, RedisLink
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import ObjectStore
from ruach_studio.kernel.clock import Clock

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What use cases, workers and routes are given; each pillar takes the part that it names."""

    settings: Settings
    database: Database
    queue: BullmqPostgres
    store: ObjectStore
    clock: Clock
    graphs: GraphCache = field(default_factory=GraphCache)
    assessor: ReflectionAssessor | None = None
    static_answers: StaticAnswers = field(default_factory=StaticAnswers)
    embedder: Embedder = field(default_factory=HashingEmbedder)
    redis: RedisLink | None = None
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        """Make the one recorder of this process."""
        object.__setattr__(self, "recorder", Recorder(self.database, self.queue))

    @property
    def platform(self) -> Platform:
        """Return what every HTTP route may need."""
        return Platform(self.database, self.settings, self.store, self.clock)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Start or find the database, bring its schema up to date, and open queue and store. Raises RuachError."""
    settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    async with AsyncExitStack() as parts:
        url = settings.database_url
        if url is None:
            url = await parts.enter_async_context(_embedded(settings))
        await migrate(url)
        database = await parts.enter_async_context(Database(url, pool_size=settings.database_pool_size))
        store = open_store(settings)
        if isinstance(store, LocalDiskStore):
            await store.sweep()  # a bucket is swept in the background: it may be slow or away
        assessor = await parts.enter_async_context(_assessor(settings))
        link = None if settings.redis_url is None else RedisLink(settings.redis_url, prefix=settings.redis_prefix)
        if link is not None:
            parts.push_async_callback(link.close)
        cache = None if link is None else RedisCache(link, keep_s=settings.cache_s)
        embedder = await parts.enter_async_context(open_embedder(settings, cache))
        queue, clock = await open_queue(settings, database, link), SystemClock()
        services = Services(
            settings, database, queue, store, clock, graphs=GraphCache(shipped_graphs), assessor=assessor, embedder=embedder,
            redis=link,
        )  # fmt: skip
        parts.push_async_callback(services.recorder.close)
        yield services


async def open_queue(settings: Settings, database: Database, link: RedisLink | None) -> BullmqPostgres:
    """Return the queue that the settings choose. Raises BadInput if its Redis may drop jobs; one that is away may be."""
    if settings.queue_backend == "postgres" or link is None:
        return BullmqPostgres(database)
    try:
        for warning in await link.check():
            log.warning("redis.unsafe", message=warning)
    except RedisAway as error:
        log.warning("redis.away", message=str(error), consequence="jobs are taken and wait until it is back")
    return BullmqRedis(database, link)


def open_store(settings: Settings) -> ObjectStore:
    """Return the store that the settings choose; nothing is asked of it yet."""
    if settings.storage == "disk":
        return LocalDiskStore(settings.store_dir, settings.public_url)
    from ruach_studio.infra.storage.s3.place import place_of  # botocore: a quarter of a second that no disk user pays
    from ruach_studio.infra.storage.s3.store import S3Store

    return S3Store(place_of(settings), settings.data_dir / "unfinished-uploads")


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


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[str]:
    """Give the address of the embedded server, kept running inside the block; the last process to leave stops it."""
    server, stop = EmbeddedPostgres(settings.data_dir / "postgres"), asyncio.Event()
    url = await asyncio.to_thread(server.ensure)
    keeper = asyncio.create_task(keep_running(server, stop))
    try:
        yield url
    finally:
        stop.set()
        await keeper
        await asyncio.to_thread(server.release)
