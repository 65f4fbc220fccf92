"""Turn services into the metrics of this process: the platform's, and what each pillar adds."""

from collections.abc import Iterable

from ruach_studio.app.parts import each_part
from ruach_studio.app.wiring import Services
from ruach_studio.infra.queues import QUEUES
from ruach_studio.infra.queues.pressure import LEVELS
from ruach_studio.infra.signals.metrics import Metrics, Numbers, Reading


def open_metrics(services: Services) -> Metrics:
    """Return the metrics that `GET /metrics` shows."""

    async def level() -> Iterable[Reading]:
        found: Numbers = {
            (each.name,): float(LEVELS.index((await services.pressure.of(each.name)).level)) for each in QUEUES
        }
        return [
            Reading("backpressure_level", f"0 {LEVELS[0]}, 1 {LEVELS[1]}, 2 {LEVELS[2]}, 3 {LEVELS[3]}.", ("queue",), found)
        ]

    async def pauses() -> Iterable[Reading]:
        names = [each.name for each in QUEUES]
        paused = await services.queue.paused_among(names)  # where the queues are: PostgreSQL, or Redis
        values: Numbers = {(name,): float(name in paused) for name in names}
        return [Reading("queue_paused", "1 if no job of the queue may start.", ("queue",), values)]

    pillars = [each for _, found in each_part(services, lambda part: part.readings) for each in found]
    return Metrics(services.database, QUEUES, [level, pauses, *pillars])
