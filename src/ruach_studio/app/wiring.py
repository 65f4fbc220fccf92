"""Turn settings into the running parts that every face of the product shares.

The only place that chooses an implementation: which database, which queue, which store. Everything opened here is
closed in the reverse order, also when opening a later part fails.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruach_studio.app.telemetry import open_tracing
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.embedded.keeper import keep_running
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues import BullmqPostgres, BullmqRedis
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.redis_link import RedisAway, RedisLink
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.settings_pillars import Pillar
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import ObjectStore
from ruach_studio.kernel.clock import Clock
from ruach_studio.kernel.errors import RuachError

if TYPE_CHECKING:  # a process without formation does not load it
    from ruach_studio.formation.ports import Embedder, ReflectionAssessor, StaticAnswers
    from ruach_studio.formation.store.graphs import GraphCache
    from ruach_studio.formation.store.recorder import Recorder

log = get_logger(__name__)
_NOT_YET: Any = None  # filled in by Services itself, where formation is served


@dataclass(frozen=True, slots=True)
class Services:
    """What use cases, workers and routes are given; each pillar takes the part that it names.

    What only formation is given is None where this process does not serve formation. `broken` names the pillars that
    could not be loaded, and why.
    """

    settings: Settings
    database: Database
    queue: BullmqPostgres
    store: ObjectStore
    clock: Clock
    graphs: "GraphCache" = _NOT_YET
    assessor: "ReflectionAssessor | None" = None
    static_answers: "StaticAnswers" = _NOT_YET
    embedder: "Embedder" = _NOT_YET
    redis: RedisLink | None = None
    recorder: "Recorder" = field(init=False)
    pressure: PressureBoard = field(init=False)
    broken: dict[Pillar, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make what formation shares within this process, unless it was given, and the one pressure board."""
        object.__setattr__(self, "pressure", PressureBoard(self.database))
        object.__setattr__(self, "recorder", None)
        if "formation" in self.settings.pillars and "formation" not in self.broken:
            try:
                from ruach_studio.app.formation_tools import tools

                for name, value in tools(self.database, self.queue).items():
                    if getattr(self, name) is None:
                        object.__setattr__(self, name, value)
            except Exception as error:  # noqa: BLE001  (kept, logged and shown: the other pillars must not fall with it)
                note_broken(self.broken, "formation", error)

    @property
    def platform(self) -> Platform:
        """Return what every HTTP route may need."""
        return Platform(self.database, self.settings, self.store, self.clock)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Start or find the database, bring its schema up to date, and open queue and store. Raises RuachError."""
    settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    async with AsyncExitStack() as parts:
        parts.enter_context(open_tracing(settings))
        url = settings.database_url
        if url is None:
            url = await parts.enter_async_context(_embedded(settings))
        await migrate(url)
        database = await parts.enter_async_context(Database(url, pool_size=settings.database_pool_size))
        store = open_store(settings)
        if isinstance(store, LocalDiskStore):
            await store.sweep()  # a bucket is swept in the background: it may be slow or away
        link = None if settings.redis_url is None else RedisLink(settings.redis_url, prefix=settings.redis_prefix)
        if link is not None:
            parts.push_async_callback(link.close)
        queue = await open_queue(settings, database, link)
        services = Services(settings, database, queue, store, SystemClock(), redis=link)
        await parts.enter_async_context(_formation(services))
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


def note_broken(broken: dict[Pillar, str], name: Pillar, error: Exception) -> None:
    """Keep and log that a pillar is out; only the kind of the error is shown to strangers."""
    broken[name] = type(error).__name__
    log.error("pillar.broken", pillar=name, exc_info=error)


@asynccontextmanager
async def _formation(services: Services) -> AsyncIterator[None]:
    """Open what formation alone needs inside the block: embedder, assessor; its recorder is closed at the end."""
    async with AsyncExitStack() as parts:
        if "formation" in services.settings.pillars and "formation" not in services.broken:
            try:
                from ruach_studio.app.formation_tools import open_tools

                for name, value in (await parts.enter_async_context(open_tools(services.settings, services.redis))).items():
                    object.__setattr__(services, name, value)
                parts.push_async_callback(services.recorder.close)
            except RuachError:
                raise
            except Exception as error:  # noqa: BLE001  (as above)
                note_broken(services.broken, "formation", error)
        yield


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
