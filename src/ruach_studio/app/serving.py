"""Turn services into one running process: API, workers and event relay of the chosen pillars, stopped in order.

On SIGINT or SIGTERM the API takes no new request, open streams end, workers finish or give back what they run, and the
embedded database stops last. What a `kill -9` leaves is taken up by the next start.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import uvicorn
from starlette.types import ASGIApp

from ruach_studio.app.api import create_api
from ruach_studio.app.background import background
from ruach_studio.app.parts import refuse_if_all_broken, start_each
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.collector import settle
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.http.patient import PatientProtocol
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.loop_watch import watched_loop
from ruach_studio.infra.settings import Settings

STREAM_GRACE_S = 5
log = get_logger(__name__)


class _Server(uvicorn.Server):
    """One that leaves the signals alone: uvicorn raises each again once HTTP has ended, which ended the process there."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none; `serve` does."""
        yield


async def serve(settings: Settings, *, work: bool = True) -> None:
    """Serve until a signal comes; without `work` only HTTP. Raises RuachError if a part cannot start."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with bind(correlation_id=new_id()), watched_loop():
        async with open_services(settings) as services, AsyncExitStack() as parts:
            await start_each(services)
            server = _Server(server_config(create_api(services), settings))
            refuse_if_all_broken(services)
            settle()
            if work:
                await parts.enter_async_context(
                    background(services, on_failure=lambda: setattr(server, "should_exit", True))
                )
            log.info(
                "service.started", url=settings.public_url, data=str(settings.data_dir), pillars=settings.pillars, work=work
            )
            ending = asyncio.create_task(_end(server, stop))
            await server.serve()
            ending.cancel()
        log.info("service.stopped")


async def _end(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def server_config(api: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return how HTTP is served: by h11, which refuses heads beyond 64 KiB (httptools does not), and not for ever.

    No `limit_concurrency`: it counts event streams, which last for hours, and answers in plain text.
    """
    return uvicorn.Config(
        api, host=settings.host, port=settings.port, http=PatientProtocol, ws="none", log_config=None,
        access_log=False, timeout_graceful_shutdown=STREAM_GRACE_S, server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
    )  # fmt: skip
