"""Turn services into everything that its pillars bring to a worker: job handlers, their hooks, event consumers."""

from ruach_studio.app.parts import JobKey, each_part
from ruach_studio.app.wiring import Services
from ruach_studio.infra.outbox import Consumer
from ruach_studio.infra.queues import Handler, HandlerHooks


def handlers(services: Services) -> dict[JobKey, Handler]:
    """Return every handler by (queue, job name)."""
    return {key: each for _, found in each_part(services, lambda part: part.handlers) for key, each in found.items()}


def hooks(services: Services) -> dict[JobKey, HandlerHooks]:
    """Return what a failed or dead job does to its pillar's rows."""
    return {key: each for _, found in each_part(services, lambda part: part.hooks) for key, each in found.items()}


def consumers(services: Services) -> list[Consumer]:
    """Return who listens to which events."""
    return [each for _, found in each_part(services, lambda part: part.consumers) for each in found]
