"""Turn services into a running worker without HTTP: the jobs, the events and the tasks of the chosen pillars.

On SIGINT or SIGTERM no job starts any more, running ones are finished or given back, and the process ends.
"""

import asyncio
import signal

from ruach_studio.app.background import background
from ruach_studio.app.parts import start_each
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.collector import settle
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.loop_watch import watched_loop
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.errors import RuachError

log = get_logger(__name__)


class WorkerFailed(RuachError):
    """A part of this worker broke off; start it again."""

    code = "worker_failed"


async def work(settings: Settings) -> None:
    """Work until a signal comes. Raises RuachError if a part cannot start, WorkerFailed if one breaks off."""
    stop, failed = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def end() -> None:
        failed.set()
        stop.set()

    with bind(correlation_id=new_id()), watched_loop():
        async with open_services(settings) as services:
            await start_each(services)
            settle()
            async with background(services, on_failure=end):
                log.info("worker.process.started", data=str(settings.data_dir), pillars=settings.pillars)
                await stop.wait()
        log.info("worker.process.stopped")
    if failed.is_set():
        raise WorkerFailed(remedy="The log has the cause, under service.part.failed.")
