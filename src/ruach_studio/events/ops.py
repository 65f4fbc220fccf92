"""What the queues tell the operator: how full they are, that paused work goes on, and what died."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class _Backpressure:
    queue: str
    depth: int
    previous_level: str

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {"queue": self.queue, "depth": self.depth, "previousLevel": self.previous_level}


@dataclass(frozen=True, slots=True)
class BackpressureWarning(_Backpressure):
    """More than 50 jobs wait."""

    event_type: ClassVar[str] = "queue.backpressure.warning"
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class BackpressureDegraded(_Backpressure):
    """More than 200 jobs wait; non-critical work pauses."""

    event_type: ClassVar[str] = "queue.backpressure.degraded"
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class BackpressureShedding(_Backpressure):
    """More than 500 jobs wait; non-essential requests are turned away."""

    event_type: ClassVar[str] = "queue.backpressure.shedding"
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class BackpressureNormal(_Backpressure):
    """The queue is no longer deep; what is paused stays so until an operator resumes it."""

    event_type: ClassVar[str] = "queue.backpressure.normal"
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class QueueResumed:
    """An operator let the paused work of a queue go on. `released` jobs were held."""

    event_type: ClassVar[str] = "queue.resumed"
    version: ClassVar[int] = 1

    queue: str
    depth: int
    level: str
    released: int
    actor: str
    reason: str

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "queue": self.queue, "depth": self.depth, "level": self.level, "released": self.released, "actor": self.actor,
            "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """A job (`queue` = its queue) or an event (`queue` = the consumer) has no attempt left. `source_id` is its id."""

    event_type: ClassVar[str] = "dead-letter.created"
    version: ClassVar[int] = 1

    kind: str
    queue: str
    name: str
    source_id: str
    code: str
    message: str

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "kind": self.kind, "queue": self.queue, "name": self.name, "sourceId": self.source_id, "code": self.code,
            "message": self.message,
        }  # fmt: skip
