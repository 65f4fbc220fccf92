"""What the queues tell the operator: how full they are."""

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
