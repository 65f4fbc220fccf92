"""Turn services into one running process: API, workers and event relay, started together and stopped in order.

On SIGINT or SIGTERM the API takes no new request, open streams end, workers finish or give back what they run, and the
embedded database stops last. What a `kill -9` leaves is taken up by the next start.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from ruach_studio.app.api import create_api
from ruach_studio.app.pillars import consumers, handlers, hooks
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.app.xapi import run as stream_xapi
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import Relay
from ruach_studio.infra.queues import Worker
from ruach_studio.infra.settings import Settings
from ruach_studio.membership.usecases.refresh_standings import refresh_standings

STREAM_GRACE_S = 5
log = get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Serve until a signal comes. Raises RuachError if a part cannot start."""
    with bind(correlation_id=new_id()):
        async with open_services(settings) as services:
            await refresh_standings(services)
            server = uvicorn.Server(server_config(create_api(services), settings))
            async with background(services, on_failure=lambda: setattr(server, "should_exit", True)):
                log.info("service.started", url=settings.public_url, data=str(settings.data_dir))
                await server.serve()
            log.info("service.stopped")


def server_config(api: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return how HTTP is served. h11 refuses a request line and headers beyond 64 KiB; httptools reads them for ever."""
    return uvicorn.Config(
        api, host=settings.host, port=settings.port, http="h11", log_config=None, access_log=False,
        timeout_graceful_shutdown=STREAM_GRACE_S, server_header=False,
    )  # fmt: skip


@asynccontextmanager
async def background(services: Services, on_failure: Callable[[], None] | None = None) -> AsyncIterator[None]:
    """Run workers and relay inside the block; stop them gracefully at its end."""
    stop = asyncio.Event()
    worker = Worker(services.database, services.queue, handlers(services), hooks=hooks(services))
    relay = Relay(services.database, consumers(services))
    tasks = [asyncio.create_task(worker.run(stop), name="worker"), asyncio.create_task(relay.run(stop), name="relay")]
    if services.settings.xapi_url is not None:
        tasks.append(asyncio.create_task(stream_xapi(services, stop), name="xapi"))

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("service.part.failed", part=task.get_name(), exc_info=task.exception())
            if on_failure is not None:
                on_failure()

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)
