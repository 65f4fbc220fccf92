"""Turn services into what works behind a command or the API: job workers, event relay, xAPI stream.

Apart from serving.py, so that a command which serves no HTTP does not load what HTTP takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ruach_studio.app.parts import each_part, refuse_if_all_broken
from ruach_studio.app.pillars import consumers, handlers, hooks
from ruach_studio.app.wiring import Services
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import Relay, keep_pruned
from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues import Worker
from ruach_studio.infra.storage.port import ObjectStore
from ruach_studio.kernel.errors import RuachError

log = get_logger(__name__)


@asynccontextmanager
async def background(services: Services, on_failure: Callable[[], None] | None = None) -> AsyncIterator[None]:
    """Run workers, relay and the watch over the queues inside the block; stop them gracefully at its end.

    Raises what a part that broke has raised, once all others have ended.
    """
    stop = asyncio.Event()
    worker = Worker(services.database, services.queue, handlers(services), hooks=hooks(services))
    relay = Relay(services.database, consumers(services))
    refuse_if_all_broken(services)
    tasks = [asyncio.create_task(worker.run(stop), name="worker"), asyncio.create_task(relay.run(stop), name="relay")]
    pruning = keep_pruned(services.database, stop, keep_days=services.settings.outbox_keep_days)
    tasks.append(asyncio.create_task(pruning, name="prune"))
    monitor = PressureMonitor(services.database, services.queue, services.pressure)
    tasks.append(asyncio.create_task(monitor.run(stop), name="backpressure"))
    if services.settings.storage == "s3":
        tasks.append(asyncio.create_task(_sweep(services.store), name="sweep"))
    for _, found in each_part(services, lambda part: part.tasks):
        tasks.extend(asyncio.create_task(run(stop), name=name) for name, run in found.items())

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
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()


async def _sweep(store: ObjectStore) -> None:
    """Clear away what killed uploads left in the bucket; one that cannot be reached now is swept at the next start."""
    try:
        swept = await store.sweep()
    except RuachError as error:
        log.warning("storage.sweep.failed", code=error.code, message=str(error))
    else:
        log.info("storage.swept", uploads=swept)
