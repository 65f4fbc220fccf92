"""Turn settings into a stream of xAPI statements to one learning record store, for as long as the service runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ruach_studio.app.wiring import Services
from ruach_studio.formation.ports import StatementSink
from ruach_studio.formation.usecases.stream_statements import stream_statements
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.errors import BadInput, RuachError

POLL_S = 2.0
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
log = get_logger(__name__)


def endpoint_of(settings: Settings) -> str:
    """Return the configured record store's endpoint, which is also its cursor's name. Raises BadInput."""
    if settings.xapi_url is None:
        raise BadInput("no learning record store is configured", subject="RUACH_XAPI_URL", remedy="Set its endpoint.")
    return settings.xapi_url


@asynccontextmanager
async def open_sink(settings: Settings) -> AsyncIterator[StatementSink]:
    """Give the configured record store, if it speaks our version. Raises BadInput, RecordStoreClosed, Unavailable."""
    endpoint = endpoint_of(settings)
    import httpx  # a tenth of a second to load, and only this needs it

    from ruach_studio.formation.runners.xapi_lrs import XapiLrs

    password = settings.xapi_password.get_secret_value() if settings.xapi_password else None
    async with httpx.AsyncClient() as client:
        lrs = XapiLrs(client, endpoint, settings.xapi_user, password, version=settings.xapi_version)
        await lrs.check()
        yield lrs


async def run(services: Services, stop: asyncio.Event) -> None:
    """Stream until `stop` is set; return at once if no store is configured. Outlives outages, with growing pauses.

    Another process that streams to the same store, and a store that lets nobody in, are waited for like an outage.
    """
    failures = 0
    while services.settings.xapi_url is not None and not stop.is_set():
        pause_s = POLL_S
        try:
            with bind(correlation_id=new_id()):
                async with open_sink(services.settings) as sink:
                    while not stop.is_set():
                        await stream_statements(services, sink)
                        failures = 0
                        await _wait(stop, POLL_S)
        except RuachError as error:
            pause_s = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
            failures += 1
            log.warning("xapi.stream.delayed", code=error.code, message=str(error), pause_s=pause_s)
        await _wait(stop, pause_s)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):  # the time is up: go on
        await asyncio.wait_for(stop.wait(), seconds)
