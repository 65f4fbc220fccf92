"""Turn services into the metrics of this process: the platform's, and what each pillar adds."""

from collections.abc import Iterable

from ruach_studio.app.wiring import Services
from ruach_studio.infra.queues import QUEUES
from ruach_studio.infra.signals.metrics import Metrics, Numbers, Reading
from ruach_studio.render.usecases.read_speed import read_speed


async def backpressure_level(_services: Services) -> int:
    """Return the level: 0 normal. The one place to change when levels have a table."""
    return 0


def open_metrics(services: Services) -> Metrics:
    """Return the metrics that `GET /metrics` shows."""

    async def level() -> Iterable[Reading]:
        value = float(await backpressure_level(services))
        return [Reading("backpressure_level", "0 normal, then the levels of backpressure.", (), {(): value})]

    async def speed() -> Iterable[Reading]:
        found = await read_speed(services)
        by_format: Numbers = {(name,): value for name, value in found.items()}
        text = "Seconds of film per second of work, median of the last 20 renders that ended within a day."
        return [Reading("render_speed_x_realtime", text, ("format",), by_format)]

    return Metrics(services.database, QUEUES, [level, speed])
